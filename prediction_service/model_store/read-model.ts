import { createHash } from 'node:crypto';
import { open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type ModelDescription, parseModelDescription } from './model-description.ts';

/** A published network: what model.json says, and the verified bytes of model.onnx. */
export interface PublishedModel {
  description: ModelDescription;
  network: Uint8Array<ArrayBuffer>;
}

const maxDescriptionBytes = 8 * 1_024 * 1_024;
const maxNetworkBytes = 512 * 1_024 * 1_024;
/** Small enough for other work to come between two of them. */
const hashedAtATime = 1_024 * 1_024;

/**
 * Reads a version of a model and verifies it. The bytes that were verified are those that are given: what happens to
 * the file afterwards does not matter.
 * @throws Error that says what is wrong with the files
 */
export async function readModel(folder: string, place: { name: string; version: number }): Promise<PublishedModel> {
  const description = await readDescription(folder, place);
  return { description, network: await readNetwork(join(folder, 'model.onnx'), description) };
}

/**
 * Reads what is said of a version of a model.
 * @throws Error that says what is wrong with it
 */
export async function readDescription(
  folder: string,
  place: { name: string; version: number },
): Promise<ModelDescription> {
  const file = join(folder, 'model.json');
  const found = await stat(file);
  if (!found.isFile()) throw new Error('model.json is no file');
  if (found.size > maxDescriptionBytes) throw new Error('model.json is too large');
  try {
    return parseModelDescription(await readFile(file, 'utf8'), place);
  } catch (error) {
    throw new Error(`model.json cannot be used: ${(error as Error).message}`, { cause: error });
  }
}

async function readNetwork(file: string, { bytes, sha256 }: ModelDescription): Promise<Uint8Array<ArrayBuffer>> {
  if (bytes > maxNetworkBytes) throw new Error(`model.onnx has more than ${maxNetworkBytes} bytes`);
  await using handle = await open(file);
  const { size } = await handle.stat();
  if (size !== bytes) throw new Error(`model.onnx has ${size} bytes, and model.json says ${bytes}`);
  const network = new Uint8Array(size);
  const hash = createHash('sha256');
  for (let start = 0; start < size; ) {
    const { bytesRead } = await handle.read(network, start, Math.min(hashedAtATime, size - start), start);
    if (bytesRead === 0) throw new Error('model.onnx ended while it was read');
    hash.update(network.subarray(start, start + bytesRead));
    start += bytesRead;
  }
  if (hash.digest('hex') !== sha256) throw new Error('model.onnx does not have the SHA-256 that model.json says');
  return network;
}
