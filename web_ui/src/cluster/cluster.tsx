import './cluster.css';
import { useLive } from '../live/live-resource.ts';
import { formatCount } from '../parts/format.ts';
import { Panel } from '../parts/panel.tsx';
import { Away, Empty, Loading, Refused, sentence } from '../parts/states.tsx';
import { arrangePods, clusterEvents } from './cluster-state.ts';
import { NodePanel, PodGroups } from './node-panel.tsx';
import { Quotas } from './quotas.tsx';

/** The nodes and what is on them, and the quotas, as they change. */
export function Cluster() {
  const { data, connection } = useLive(clusterEvents);
  const arranged = data && arrangePods(data);
  return (
    <>
      {connection.state === 'away' && (
        <Away what="The view of the cluster" outage={{ error: connection.error, since: new Date(connection.since) }} />
      )}
      {connection.state === 'closed' && connection.error && (
        <Refused what="The view of the cluster" error={connection.error} />
      )}
      {data?.stale && (
        <div className="notice state" role="status">
          <strong>The cluster is not heard from</strong>
          <div>{sentence(data.stale)} What is shown may be out of date; this page catches up by itself.</div>
        </div>
      )}
      {!data && connection.state !== 'away' && connection.state !== 'closed' && <Loading what="the cluster" />}
      {arranged && data && (
        <>
          {arranged.nodes.length === 0 && (
            <Empty title="There is no node">
              Nothing can run until a node has joined the cluster. It is shown here as soon as it has.
            </Empty>
          )}
          <div className="columns nodes">
            {arranged.nodes.map((each) => (
              <NodePanel key={each.node.name} {...each} />
            ))}
          </div>
          {arranged.unplaced.length > 0 && (
            <Panel title="Waiting for a node">
              <PodGroups groups={arranged.unplaced} none="" />
            </Panel>
          )}
          <Quotas quotas={data.quotas} />
          <p className="quiet num">
            {data.ended_pods === 1
              ? '1 pod has ended and is kept for its log.'
              : `${formatCount(data.ended_pods)} pods have ended and are kept for their logs.`}{' '}
            They take nothing of the nodes.
          </p>
        </>
      )}
    </>
  );
}
