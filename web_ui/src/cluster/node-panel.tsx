import { Link } from 'wouter';
import { formatShare, shortId } from '../parts/format.ts';
import { Panel } from '../parts/panel.tsx';
import {
  formatCpu,
  formatMemory,
  jobOfPod,
  type NodeView,
  type NodeWithPods,
  type PodGroup,
  type PodView,
} from './cluster-state.ts';
import { Gauge } from './gauge.tsx';

/** A node: how much of it is asked for, by which pods, and what is wrong with it. */
export function NodePanel({ node, groups, cpuMillis, memoryBytes }: NodeWithPods) {
  const share = node.cpu_millis > 0 ? cpuMillis / node.cpu_millis : 0;
  const used = `${Number((cpuMillis / 1_000).toFixed(2))} of ${formatCpu(node.cpu_millis)}`;
  return (
    <Panel title={node.name} className="node">
      <NodeProblems node={node} />
      <div className="node-use num">
        <strong>{used}</strong>
        <span className="soft">
          {formatShare(share)} asked for · {formatMemory(memoryBytes)} of {formatMemory(node.memory_bytes)} memory
        </span>
      </div>
      <Gauge label={`CPU asked for on ${node.name}`} text={used} share={share} parts={20} />
      <PodGroups groups={groups} none="No pod is here." />
    </Panel>
  );
}

/** That a node is not as it should be, in words; nothing for one that is. */
function NodeProblems({ node: { ready, schedulable, problems } }: { node: NodeView }) {
  return (
    <>
      {!ready && (
        <p className="notice bad">
          <strong>Not ready.</strong> {problems.find(({ condition }) => condition === 'Ready')?.message} Its pods are
          moved to other nodes after a while.
        </p>
      )}
      {!schedulable && (
        <p className="notice">
          <strong>Cordoned:</strong> it keeps its pods and is given no new ones until it is uncordoned.
        </p>
      )}
      {problems
        .filter(({ condition }) => condition !== 'Ready')
        .map(({ condition, message }) => (
          <p key={condition} className="notice">
            <strong>{condition}.</strong> {message}
          </p>
        ))}
    </>
  );
}

/** Pods by namespace. */
export function PodGroups({ groups, none }: { groups: PodGroup[]; none: string }) {
  if (groups.length === 0) return <p className="soft">{none}</p>;
  return groups.map(({ namespace, pods }) => (
    <section key={namespace} className="pods">
      <h3>{namespace}</h3>
      <ul>
        {pods.map((pod, index) => (
          <Pod key={pod.name ?? `hidden-${index}`} pod={pod} />
        ))}
      </ul>
    </section>
  ));
}

function Pod({ pod }: { pod: PodView }) {
  const { name, status, tier, cpu_millis: cpu } = pod;
  const job = jobOfPod(pod);
  return (
    <li className={`pod ${tier ?? ''}`}>
      <span className="pod-name" title={name ?? undefined}>
        {job && tier ? (
          <>
            {tier} job{' '}
            <Link href={`/jobs/${tier}/${job}`} className="mono">
              {shortId(job)}
            </Link>
          </>
        ) : (
          (name?.replace(/(-[a-z0-9]{8,10})?-[a-z0-9]{5}$/, '') ?? `${tier} job of another client`)
        )}
      </span>
      {status !== 'Running' && <span className="pod-status">{status.toLowerCase()}</span>}
      <span className="soft num">{formatCpu(cpu)}</span>
    </li>
  );
}
