// What a kubelet's probes are for: what they ask is answered here, for containers that do nothing, as if it were by them. (Pods
// of processes have addresses of this machine's, so a server at all of them is at theirs.)
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import type { V1Container, V1Deployment, V1Pod, V1Probe } from '@kubernetes/client-node';
import { endsWhenAsked, shell, statusOf } from '../../local_cluster/node/testing/cluster-under-test.ts';
import { both, type Pair, type Place, type Trial } from './trial.ts';

type Kind = 'startup' | 'readiness' | 'liveness';
const kinds: Kind[] = ['startup', 'readiness', 'liveness'];

interface Answer {
  isWell: boolean;
  afterMs?: number;
}

/** What each pod's probes find; they are well if nothing is said. */
const answers = new Map<string, (kind: Kind) => Answer>();
let listening: Promise<Server> | undefined;

/** Begins to answer; gives the port. */
async function listen(): Promise<number> {
  listening ??= serve();
  return ((await listening).address() as AddressInfo).port;
}

async function serve(): Promise<Server> {
  const server = createServer(async (request, response) => {
    const [, name, kind] = request.url!.split('/') as [string, string, Kind];
    const { isWell, afterMs = 0 } = answers.get(name)?.(kind) ?? { isWell: true };
    await setTimeout(afterMs);
    response.writeHead(isWell ? 200 : 503).end();
  }).listen(0, '0.0.0.0');
  await once(server, 'listening');
  return server;
}

export async function stopListening(): Promise<void> {
  (await listening)?.close().closeAllConnections();
}

/** The probe as it is, asked here; once in two seconds at the most, so that nobody waits for a minute. */
function askedHere(probe: V1Probe | undefined, path: string, port: number): V1Probe | undefined {
  if (!probe) return undefined;
  const periodSeconds = Math.min(probe.periodSeconds ?? 10, 2);
  return { ...probe, periodSeconds, httpGet: { port, path } };
}

/** The container whose probes a row changes: the first one in which both differ. */
function changedContainer({ whole, changed }: Pair<V1Deployment>): Pair<V1Container> {
  const listOf = ({ spec }: V1Deployment) => [
    ...(spec!.template.spec!.initContainers ?? []),
    ...spec!.template.spec!.containers,
  ];
  const index = listOf(whole).findIndex((one, i) => JSON.stringify(one) !== JSON.stringify(listOf(changed)[i]));
  return { whole: listOf(whole)[index]!, changed: listOf(changed)[index]! };
}

interface Subjects {
  names: Pair<string>;
  /** What a pod's status says of its container. */
  look: (which: keyof Pair) => Promise<NonNullable<ReturnType<typeof statusOf>>>;
  /** Waits until something is true of a pod's container. */
  waitFor: (which: keyof Pair, what: 'started' | 'ready' | 'restarted') => Promise<void>;
}

/** Starts both containers, each in a pod of its own. */
async function start(
  pair: Pair,
  place: Place,
  answer: (which: keyof Pair) => (kind: Kind) => Answer,
): Promise<Subjects> {
  const port = await listen();
  const names = { whole: `${place.id}-whole`, changed: `${place.id}-changed` };
  await both(changedContainer(pair as Pair<V1Deployment>), async (container, which) => {
    const name = names[which];
    answers.set(name, answer(which));
    const probes = Object.fromEntries(
      kinds.flatMap((kind) => {
        const probe = askedHere(container[`${kind}Probe`], `/${name}/${kind}`, port);
        return probe ? [[`${kind}Probe`, probe]] : [];
      }),
    );
    const spec = { restartPolicy: 'Always', terminationGracePeriodSeconds: 1 } as const;
    await place.pods.create(name, [shell(endsWhenAsked, probes)], spec);
    await place.pods.waitForRunning(name);
  });
  const is = {
    started: (pod: V1Pod) => statusOf(pod)?.started,
    ready: (pod: V1Pod) => statusOf(pod)?.ready,
    restarted: (pod: V1Pod) => (statusOf(pod)?.restartCount ?? 0) > 0,
  };
  return {
    names,
    look: async (which) => statusOf(await place.pods.get(names[which]))!,
    waitFor: async (which, what) => {
      await place.pods.waitFor(names[which], is[what], `${names[which]} to be ${what}`);
    },
  };
}

const well: Answer = { isWell: true };
const sick: Answer = { isWell: false };

/** The program needs so long to start that the one that nobody waits for is ended. */
const startsSlowly: Trial = async (pair, place) => {
  let isUp = false;
  const { look, waitFor } = await start(pair, place, () => () => ({ isWell: isUp }));
  await waitFor('changed', 'restarted');
  isUp = true;
  await waitFor('whole', 'ready');
  return both(pair, async (_, which) => ((await look(which)).restartCount > 0 ? 'ended before' : 'started'));
};

const isNotReady: Trial = async (pair, place) => {
  const { look, waitFor } = await start(pair, place, () => (kind) => (kind === 'readiness' ? sick : well));
  await waitFor('changed', 'ready');
  await waitFor('whole', 'started');
  return both(pair, async (_, which) => ((await look(which)).ready ? 'ready' : 'not ready'));
};

/** The program hangs, once both are ready, until one of them was restarted. */
const hangs =
  (lastly: keyof Pair): Trial =>
  async (pair, place) => {
    let hasHung = false;
    const { look, waitFor } = await start(pair, place, () => (kind) => (kind === 'liveness' && hasHung ? sick : well));
    await Promise.all([waitFor('whole', 'ready'), waitFor('changed', 'ready')]);
    hasHung = true;
    await waitFor(lastly, 'restarted');
    return both(pair, async (_, which) => ((await look(which)).restartCount > 0 ? 'restarted' : 'left alone'));
  };

/** It answers later than a probe waits by itself, and sooner than the service's own. */
const answersLate =
  (late: Kind, afterMs: number, seen: 'started' | 'ready'): Trial =>
  async (pair, place) => {
    const { look, waitFor } = await start(pair, place, () => (kind) => (kind === late ? { ...well, afterMs } : well));
    await waitFor('whole', seen);
    return both(pair, async (_, which) => ((await look(which))[seen] ? seen : `not ${seen}`));
  };

const answersLivenessLate: Trial = async (pair, place) => {
  const { look, waitFor } = await start(
    pair,
    place,
    () => (kind) => (kind === 'liveness' ? { ...well, afterMs: 2_000 } : well),
  );
  await waitFor('changed', 'restarted');
  return both(pair, async (_, which) => ((await look(which)).restartCount > 0 ? 'restarted' : 'left alone'));
};

export const probeTrials = {
  'starts slowly': startsSlowly,
  'is not ready': isNotReady,
  hangs: hangs('whole'),
  'hangs for a while': hangs('changed'),
  'answers its startup probe late': answersLate('startup', 1_500, 'started'),
  'answers its readiness probe late': answersLate('readiness', 2_000, 'ready'),
  'answers its liveness probe late': answersLivenessLate,
} satisfies Record<string, Trial>;
