import { Panel } from '../parts/panel.tsx';
import { arrangeQuotas, describeUse, type NamespaceQuotas, type QuotaView } from './cluster-state.ts';
import { Gauge } from './gauge.tsx';

/** How much of each namespace's quota is used: those of jobs, and folded away those of the services. */
export function Quotas({ quotas }: { quotas: QuotaView[] }) {
  const { ofJobs, others } = arrangeQuotas(quotas);
  return (
    <Panel title="Quotas">
      {ofJobs.length > 0 ? (
        <QuotaTable caption="How much of the quotas of jobs is used" namespaces={ofJobs} />
      ) : (
        <p className="soft">No namespace of jobs has a quota. Free jobs are started once theirs has one.</p>
      )}
      {others.length > 0 && (
        <details className="more">
          <summary>Those of the services: {others.map(({ namespace }) => namespace).join(', ')}</summary>
          <QuotaTable caption="How much of the quotas of the services is used" namespaces={others} />
        </details>
      )}
    </Panel>
  );
}

function QuotaTable({ caption, namespaces }: { caption: string; namespaces: NamespaceQuotas[] }) {
  return (
    <table className="quotas">
      <caption className="visually-hidden">{caption}</caption>
      <thead className="visually-hidden">
        <tr>
          <th scope="col">resource</th>
          <th scope="col">used</th>
          <th scope="col">share</th>
        </tr>
      </thead>
      {namespaces.map(({ namespace, rows, none }) => (
        <tbody key={namespace}>
          <tr>
            <th scope="rowgroup" colSpan={3}>
              {namespace}
            </th>
          </tr>
          {rows.map((quota) => (
            <tr key={`${quota.name} ${quota.resource}`}>
              <td>{quota.resource}</td>
              <td>{describeUse(quota)}</td>
              <td>
                <Gauge label={`${quota.resource} of ${namespace}`} text={describeUse(quota)} share={quota.share ?? 0} />
              </td>
            </tr>
          ))}
          {none.length > 0 && (
            <tr>
              <td colSpan={3} className="quiet">
                none allowed: {none.join(', ')}
              </td>
            </tr>
          )}
        </tbody>
      ))}
    </table>
  );
}
