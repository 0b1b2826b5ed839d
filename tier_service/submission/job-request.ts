import { hash } from 'node:crypto';
import { problem, shorten } from '@ml-job-mesh/http-service';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { datasets } from '../state/datasets.ts';

export const defaultEpochs = 5;

/** The body of a POST, whatever it was sent as. Fields that are not named here are passed over. */
export const JobRequest = Type.Object(
  {
    dataset: Type.Enum(datasets, { description: 'The images to learn.' }),
    epochs: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 20,
        default: defaultEpochs,
        description: 'Passes over the training images.',
      }),
    ),
    pretrained: Type.Optional(
      Type.Boolean({
        default: false,
        description: 'Evaluate the network that the image carries instead of training one.',
      }),
    ),
  },
  { examples: [{ dataset: 'mnist' }] },
);

/** What a job is asked to do, every choice made. */
export type JobChoices = Required<Static<typeof JobRequest>>;

const allowed: Record<string, string> = {
  dataset: `one of ${datasets.map((name) => JSON.stringify(name)).join(', ')}`,
  epochs: 'a whole number from 1 to 20',
  pretrained: 'true or false',
};
const validator = Compile(JobRequest);

/**
 * Reads the body of a POST: JSON, or a form (`dataset=mnist&epochs=3`). What it was labelled as does not matter.
 * @throws ServiceError 400 that says what was wrong and what is allowed
 */
export function readJobRequest(body: string): JobChoices {
  const fields = parseFields(body.replace(/^\uFEFF/, ''));
  if (fields.dataset === undefined)
    throw problem('invalid_request', `"dataset" is missing; it has to be ${allowed.dataset}`);
  for (const [name, rule] of Object.entries(allowed)) {
    const value = fields[name];
    if (value === undefined || validator.Check({ dataset: 'mnist', [name]: value })) continue;
    throw problem('invalid_request', `"${name}" is ${shorten(JSON.stringify(value))}; it has to be ${rule}`);
  }
  const { dataset, epochs = defaultEpochs, pretrained = false } = fields as Static<typeof JobRequest>;
  return { dataset, epochs, pretrained };
}

/** A hash of what was asked for, the same for any way of writing it. */
export function hashOf({ dataset, epochs, pretrained }: JobChoices): string {
  return hash('sha256', JSON.stringify([dataset, epochs, pretrained])).slice(0, 32);
}

function parseFields(body: string): Record<string, unknown> {
  if (body.trim() === '') throw problem('invalid_request', `the body is empty; send JSON such as {"dataset":"mnist"}`);
  const json = parseJson(body);
  if (json !== undefined) {
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return pickOwn(json);
    throw problem('invalid_request', `the body is not a JSON object; send one such as {"dataset":"mnist"}`);
  }
  // Any text can be read as a form: it is meant as one if it begins like one, or has what is asked for.
  if (/^\s*[\w.%+-]+=/.test(body) || new URLSearchParams(body).has('dataset')) return parseForm(body.trim());
  throw problem('invalid_request', `the body is neither JSON nor a form; send JSON such as {"dataset":"mnist"}`);
}

/** Only the fields that are known, and only the object's own. */
function pickOwn(json: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(json).filter(([name]) => Object.hasOwn(allowed, name)));
}

/** A form has only text, so numbers and booleans are read from it. */
function parseForm(body: string): Record<string, unknown> {
  const form = pickOwn(Object.fromEntries(new URLSearchParams(body)));
  if (typeof form.epochs === 'string' && /^\d{1,3}$/.test(form.epochs)) form.epochs = Number(form.epochs);
  if (form.pretrained === 'true' || form.pretrained === 'false') form.pretrained = form.pretrained === 'true';
  return form;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
