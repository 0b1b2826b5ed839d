// Whether there is a mesh at an address, before a load is put on it.
import type { Kind } from './options.ts';

/** Of the model that photos are for. */
const photoModel = 'imagenet-efficientnet-lite0';
const answersWithinMs = 10_000;

/**
 * Looks whether a mesh answers.
 * @returns the people who would find nothing to do there, with the reason
 * @throws Error that says what is there instead, and what to do
 */
export async function inspectMesh(address: string, apiKey: string | undefined): Promise<Partial<Record<Kind, string>>> {
  const queue = await read(`${address}/free/queue`, apiKey);
  if (queue.status === 401)
    throw new Error(`the mesh at ${address} wants an API key; give it in the environment, as MESH_API_KEY`);
  if (queue.status === 503)
    throw new Error(`the mesh at ${address} is not ready: its free tier answers 503. Try again when it is`);
  if (queue.status !== 200 || typeof queue.body?.running !== 'number')
    throw new Error(
      `what answers at ${address} is not the front proxy of a mesh: GET /free/queue gave ${queue.status}. Give the front proxy's address with --address`,
    );
  const models = await read(`${address}/models`, apiKey);
  const names = models.body?.models?.map(({ name }) => name) ?? [];
  if (names.length === 0) {
    const none = 'the mesh has no model to predict with yet';
    return { draw: none, photos: none };
  }
  return names.includes(photoModel) ? {} : { photos: `the mesh has no model ${photoModel}` };
}

/** What is read of the answers. */
interface Body {
  running?: number;
  models?: { name: string }[];
}

async function read(url: string, apiKey: string | undefined) {
  const headers: Record<string, string> = apiKey ? { authorization: `Bearer ${apiKey}` } : {};
  try {
    const answer = await fetch(url, { headers, signal: AbortSignal.timeout(answersWithinMs) });
    const body = (await answer.json().catch(() => undefined)) as Body | undefined;
    return { status: answer.status, body };
  } catch (error) {
    const { message, cause } = error as Error & { cause?: { code?: string; message?: string } };
    const reason = cause?.code || cause?.message || message;
    const advice = 'Start a mesh with `npm start`, or give another address with --address';
    throw new Error(`${new URL(url).origin} does not answer (${reason}). ${advice}`, { cause: error });
  }
}
