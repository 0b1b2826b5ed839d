/**
 * What keeps a deployment from getting ready that waiting does not mend: a missing image, a quota that is too small, no node
 * with room. Each is given some patience, since most of them may also be true for a moment.
 */
import type { CoreV1Event, V1Deployment, V1Pod, V1ReplicaSet } from '@kubernetes/client-node';
import { containersOf, whyUnscheduled } from './pod-reasons.ts';

/** Something that is in the way. */
export interface Trouble {
  /** What happened, to what, and what to do. */
  message: string;
  /** How long it may last before it is taken to stay. */
  patienceMs: number;
}

/** An image that no registry has will not come; the others may, once the registry answers again. */
const patience = {
  localImage: 4_000,
  image: 60_000,
  refused: 30_000,
  // An autoscaler takes some minutes to add a node; no node's coming gives a claim its volume.
  room: 240_000,
  claim: 90_000,
  settings: 20_000,
  volume: 30_000,
};

/** After as many attempts, a container that ends again and again is taken not to recover. */
const hopelessRestarts = 4;

const advice = {
  image:
    'Images whose names begin with localhost/ are in no registry: `npm run images -- --load kind` (or minikube) builds them ' +
    'and puts them on the nodes, and `npm run images -- --push REGISTRY` into a registry that nodes pull from',
  registry: 'Is the name right, and may the nodes pull from that registry (imagePullSecrets)?',
  volume: 'See `kubectl -n NAMESPACE describe pvc`; docs/deploy.md says which overlay has a volume for which cluster',
  room: 'Add nodes or free room (`kubectl describe nodes` shows what is taken); running this again waits on',
};

/** What is in the way of pods of the present version of their Deployments, and of other pods that are given. */
export function findTroubles(pods: V1Pod[]): Trouble[] {
  return pods
    .filter(({ metadata }) => !metadata?.deletionTimestamp)
    .flatMap((pod) => [...scheduling(pod), ...containers(pod)]);
}

/** Which pods wait for a volume that they do not get: a Secret that nobody has made, a share that cannot be reached. */
export function findMountTroubles(pods: V1Pod[], events: CoreV1Event[]): Trouble[] {
  const waiting = pods.filter((pod) => containersOf(pod).every(({ state }) => state?.waiting !== undefined));
  return waiting.flatMap(({ metadata }) => {
    // The oldest: what comes after it says the same in other words.
    const event = events.find((one) => one.reason === 'FailedMount' && one.involvedObject.uid === metadata?.uid);
    if (!event) return [];
    return [
      {
        message: `${metadata!.namespace}/${metadata!.name} cannot start: ${event.message}`,
        patienceMs: patience.volume,
      },
    ];
  });
}

/** What the API server refuses: pods that a quota or Pod Security does not allow. */
export function findRefusals(deployments: V1Deployment[]): Trouble[] {
  return deployments.flatMap(({ metadata, status }) => {
    const refused = status?.conditions?.find(({ type, status }) => type === 'ReplicaFailure' && status === 'True');
    if (!refused) return [];
    const { namespace, name } = metadata!;
    const look = /exceeded quota/.test(refused.message ?? '')
      ? `Raise that quota, or free some of it: \`kubectl -n ${namespace} describe quota\` shows what is used`
      : `\`kubectl -n ${namespace} describe deployment ${name}\` says more`;
    return [{ message: `${namespace}/${name} gets no pod: ${refused.message}. ${look}`, patienceMs: patience.refused }];
  });
}

/** The pods that belong to the newest version of a Deployment; those of an older one go when it is ready. */
export function findCurrentPods(pods: V1Pod[], sets: V1ReplicaSet[], deployments: V1Deployment[]): V1Pod[] {
  const revisionOf = (one: V1Deployment | V1ReplicaSet) =>
    one.metadata?.annotations?.['deployment.kubernetes.io/revision'];
  const newest = new Set(deployments.map((one) => `${one.metadata?.uid} ${revisionOf(one)}`));
  const current = sets.filter((set) => newest.has(`${set.metadata?.ownerReferences?.[0]?.uid} ${revisionOf(set)}`));
  const uids = new Set(current.map(({ metadata }) => metadata?.uid));
  return pods.filter(({ metadata }) => uids.has(metadata?.ownerReferences?.[0]?.uid));
}

/** Remembers since when each trouble has been there. */
export interface TroubleWatch {
  /** @throws Error with the first trouble that has outlasted its patience */
  check(troubles: Trouble[]): void;
}

/** Makes a watch; `now` gives milliseconds and is there for tests. */
export function watchTroubles(now: () => number = () => performance.now()): TroubleWatch {
  let since = new Map<string, number>();
  return {
    check(troubles) {
      since = new Map(troubles.map(({ message }) => [message, since.get(message) ?? now()]));
      const lasting = troubles.find(({ message, patienceMs }) => now() - since.get(message)! >= patienceMs);
      if (lasting) throw new Error(lasting.message);
    },
  };
}

function scheduling(pod: V1Pod): Trouble[] {
  const why = whyUnscheduled(pod);
  if (!why) return [];
  const { namespace, name } = pod.metadata!;
  const isVolume = /PersistentVolumeClaim|volume node affinity|persistentvolumeclaim/.test(why);
  const what = isVolume ? advice.volume.replace('NAMESPACE', namespace!) : advice.room;
  return [
    {
      message: `${namespace}/${name} is on no node: ${asSentence(why)} ${what}`,
      patienceMs: isVolume ? patience.claim : patience.room,
    },
  ];
}

function containers(pod: V1Pod): Trouble[] {
  const { namespace, name } = pod.metadata!;
  return containersOf(pod).flatMap(({ name: container, image, state, restartCount }) => {
    const { reason = '', message = '' } = state?.waiting ?? {};
    if (/^(ErrImagePull|ImagePullBackOff|ErrImageNeverPull|InvalidImageName|ErrImageInspect)$/.test(reason))
      return [missingImage(`${namespace}/${name}`, image, reason, pod.spec?.nodeName)];
    if (/^(CreateContainerConfigError|CreateContainerError|RunContainerError)$/.test(reason))
      return [
        { message: `${namespace}/${name}: ${container} cannot start: ${message}`, patienceMs: patience.settings },
      ];
    if (reason === 'CrashLoopBackOff' && restartCount >= hopelessRestarts) {
      const log = `kubectl -n ${namespace} logs ${name} -c ${container} --previous`;
      return [
        { message: `${namespace}/${name}: ${container} ends again and again. Its log: \`${log}\``, patienceMs: 0 },
      ];
    }
    return [];
  });
}

function missingImage(pod: string, image: string, reason: string, node = 'its node'): Trouble {
  const isLocal = image.startsWith('localhost/');
  // The two reasons of a pull alternate; that must not begin the patience anew.
  const why = /^(ErrImagePull|ImagePullBackOff)$/.test(reason) ? 'cannot be pulled' : `is not there (${reason})`;
  return {
    message: `${pod}: the image ${image} ${why} on ${node}. ${isLocal ? advice.image : advice.registry}`,
    patienceMs: isLocal ? patience.localImage : patience.image,
  };
}

const asSentence = (text: string) => (/[.!]$/.test(text) ? text : `${text}.`);
