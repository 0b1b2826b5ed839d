import './models.css';
import { Link, useRoute } from 'wouter';
import type { ModelDescription } from '../api/predictions.ts';
import { useJson } from '../api/queries.ts';
import { formatAccuracy } from '../parts/format.ts';
import { Figure, Panel } from '../parts/panel.tsx';
import { Away, Empty, Loading } from '../parts/states.tsx';
import { Model } from './model.tsx';
import { describeOrigin, measuredOn } from './model-parts.ts';
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
        {data?.models.map((model) => (
          <ModelCard key={model.name} model={model} />
        ))}
      </div>
    </>
  );
}

function ModelCard({ model }: { model: ModelDescription }) {
  const { name, version, title, accuracy } = model;
  return (
    <Panel
      title={
        <>
          <Link href={`/models/${name}`}>{name}</Link> · version {version}
        </>
      }
      className="model-card"
    >
      {accuracy === null ? (
        <Figure value={`${model.classes.length.toLocaleString('en')} classes`}>{title}</Figure>
      ) : (
        <Figure value={formatAccuracy(accuracy)}>{measuredOn(model)}</Figure>
      )}
      <Pictures model={model} />
      <p className="quiet">{describeOrigin(model)}</p>
    </Panel>
  );
}
