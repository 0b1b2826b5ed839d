import { useJson } from '../api/queries.ts';
import { formatAccuracy } from '../parts/format.ts';
import { Figure, Panel } from '../parts/panel.tsx';
import { Away, Empty, Loading } from '../parts/states.tsx';

interface ModelSummary {
  name: string;
  version: number;
  title: string;
  accuracy: number | null;
}

/** What can be predicted with. */
export function Models() {
  const { data, outage } = useJson<{ models: ModelSummary[] }>('/models');
  return (
    <>
      {outage && <Away what="The prediction service" outage={outage} />}
      {!data && !outage && <Loading what="models" />}
      {data?.models.length === 0 && (
        <Empty title="No model yet">The training Job publishes one as soon as it is done.</Empty>
      )}
      {data?.models.map(({ name, version, title, accuracy }) => (
        <Panel key={name} title={`${name} · version ${version}`}>
          <Figure value={accuracy === null ? '–' : formatAccuracy(accuracy)}>{title}</Figure>
        </Panel>
      ))}
    </>
  );
}
