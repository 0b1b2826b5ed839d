import './models.css';
import { Link, useRoute } from 'wouter';
import { groupModels } from '../api/model-groups.ts';
import type { ModelDescription } from '../api/predictions.ts';
import { useJson } from '../api/queries.ts';
import { Panel } from '../parts/panel.tsx';
import { Away, Empty, Loading } from '../parts/states.tsx';
import { Accuracy } from './accuracy.tsx';
import { Model } from './model.tsx';
import { describeOrigin } from './model-parts.ts';
import { Pictures } from './pictures.tsx';

const refetchMs = 10_000;

/** The models tab: all of them, or the one that the address names. */
export function Models() {
  const [, params] = useRoute<{ name: string; version?: string }>('/models/:name/:version?');
  return params ? <Model key={params.name} {...params} /> : <AllModels />;
}

function AllModels() {
  const { data, outage } = useJson<{ models: ModelDescription[] }>('/models', { refetchMs });
  const isMissing = data?.models.length === 0 || outage?.error.code === 'not_ready';
  return (
    <>
      {isMissing && (
        <Empty title="There is no model yet">
          The training Job publishes its networks as soon as they are trained, and they appear here by themselves.{' '}
          <Link href="/classify">Draw a digit</Link> meanwhile.
        </Empty>
      )}
      {outage && !isMissing && <Away what="The prediction service" outage={outage} />}
      {!data && !outage && <Loading what="models" />}
      <div className="columns models">
        {groupModels(data?.models ?? [])
          .flatMap(({ models }) => models)
          .map((model) => (
            <ModelCard key={model.name} model={model} />
          ))}
      </div>
    </>
  );
}

function ModelCard({ model }: { model: ModelDescription }) {
  const { name, version } = model;
  return (
    <Panel
      title={
        <>
          <Link href={`/models/${name}`}>{name}</Link> · version {version}
        </>
      }
      className="model-card"
    >
      <Accuracy model={model} />
      <Pictures model={model} />
      <p className="quiet">{describeOrigin(model)}</p>
    </Panel>
  );
}
