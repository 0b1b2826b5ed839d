import { Link } from 'wouter';
import type { Model as ModelAnswer, ModelDescription } from '../api/predictions.ts';
import { useJson } from '../api/queries.ts';
import { formatAccuracy, formatBytes, formatCount } from '../parts/format.ts';
import { Figure, Panel } from '../parts/panel.tsx';
import { Away, Loading } from '../parts/states.tsx';
import { Accuracy } from './accuracy.tsx';
import { commonMistakes, describeCell } from './confusion.ts';
import { groupFacts } from './model-parts.ts';
import { Pictures } from './pictures.tsx';

const refetchMs = 10_000;

/** All that is known of one model, in the version that answers now or an earlier one. */
export function Model({ name, version }: { name: string; version?: string }) {
  const path = `/models/${encodeURIComponent(name)}`;
  const { data: model, outage } = useJson<ModelAnswer>(version ? `${path}?version=${version}` : path, {
    refetchMs,
  });
  return (
    <>
      <p>
        <Link href="/models">All models</Link>
      </p>
      {outage && <Away what={model ? 'The prediction service' : name} outage={outage} />}
      {!model && !outage && <Loading what={name} />}
      {model && (
        <>
          <Panel title={`${name} · version ${model.version}`} className="model-large">
            <div className="figures">
              <Accuracy model={model} />
              <Figure value={formatCount(model.classes.length)}>classes</Figure>
              <Figure value={formatBytes(model.bytes)}>as ONNX</Figure>
            </div>
            <p className="soft">{model.title}</p>
            <Pictures model={model} />
          </Panel>
          <div className="columns models">
            <div className="columns">
              <Versions model={model} />
              <Mistakes model={model} />
              <Epochs model={model} />
            </div>
            <Provenance model={model} />
          </div>
        </>
      )}
    </>
  );
}

function Mistakes({ model: { confusion_matrix: matrix, classes } }: { model: ModelDescription }) {
  const mistakes = matrix ? commonMistakes(matrix, 6) : [];
  if (mistakes.length === 0) return null;
  const labels = classes.map(({ label }) => label);
  return (
    <Panel title="Mistaken most often">
      <ol className="plain-list num">
        {mistakes.map((cell) => (
          <li key={`${cell.actual},${cell.predicted}`}>{describeCell(cell, labels)}</li>
        ))}
      </ol>
    </Panel>
  );
}

function Epochs({ model: { training_curve: curve } }: { model: ModelDescription }) {
  const ends = curve?.filter(({ accuracy }) => accuracy !== undefined) ?? [];
  if (ends.length === 0) return null;
  return (
    <Panel title="Accuracy after each epoch">
      <table className="rows">
        <thead>
          <tr>
            <th scope="col">epoch</th>
            <th scope="col">loss</th>
            <th scope="col">accuracy</th>
          </tr>
        </thead>
        <tbody>
          {ends.map(({ epoch, loss, accuracy }) => (
            <tr key={epoch}>
              <td>{epoch}</td>
              <td>{loss.toFixed(4)}</td>
              <td>{formatAccuracy(accuracy!)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

function Versions({ model: { name, version, versions } }: { model: ModelAnswer }) {
  return (
    <Panel title="Versions">
      <table className="rows">
        <thead>
          <tr>
            <th scope="col">version</th>
            <th scope="col">made</th>
            <th scope="col">accuracy</th>
          </tr>
        </thead>
        <tbody>
          {versions.map((one, index) => (
            <tr key={one.version} aria-current={one.version === version ? 'true' : undefined}>
              <td>
                <Link href={index === 0 ? `/models/${name}` : `/models/${name}/${one.version}`}>{one.version}</Link>
                {index === 0 && <span className="quiet"> answers now</span>}
              </td>
              <td>{new Date(one.created_at).toLocaleString('en-GB')}</td>
              <td>{one.accuracy === null ? '–' : formatAccuracy(one.accuracy)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

function Provenance({ model: { provenance, sha256 } }: { model: ModelDescription }) {
  return (
    <Panel title="Where it comes from" className="provenance">
      {groupFacts(provenance as Record<string, unknown>).map(({ title, facts }) => (
        <section key={title}>
          <h3>{title}</h3>
          <dl>
            {facts.map(({ name, value }) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd className={/^[0-9a-f]{40,}$/.test(value) ? 'mono' : ''}>
                  {/^https?:\/\/\S+$/.test(value) ? <a href={value}>{value}</a> : value}
                </dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
      <section>
        <h3>File</h3>
        <dl>
          <div>
            <dt>SHA-256</dt>
            <dd className="mono">{sha256}</dd>
          </div>
        </dl>
      </section>
    </Panel>
  );
}
