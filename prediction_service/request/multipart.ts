import { setImmediate } from 'node:timers/promises';
import { Busboy, type BusboyHeaders } from '@fastify/busboy';
import { problem, type ServiceError } from '@ml-job-mesh/http-service';
import type { ImageFile } from '../images/prepare.ts';
import { limits } from '../limits.ts';

/** So much of a form is read before health checks and other calls have their turn. */
const bytesAtATime = 32 * 1_024;

/**
 * The files of a form (`multipart/form-data`), in their order.
 * @throws ServiceError 400 when it is broken, or has anything but files
 */
export async function readForm(body: Buffer, contentType: string): Promise<ImageFile[]> {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const files: { chunks: Buffer[]; label: string }[] = [];
  let refusal: ServiceError | undefined;
  const refuse = (detail: string) => {
    refusal ??= problem('invalid_request', detail);
    end();
  };
  const refuseBroken = (error: unknown) => refuse(`the form cannot be read: ${(error as Error).message}`);
  const refuseMore = () => refuse(`the form has more than the ${limits.imagesPerCall} images of a call`);
  try {
    const form = createParser(contentType);
    form.on('file', (_name, stream, _filename, _encoding, label) => {
      const chunks: Buffer[] = [];
      files.push({ chunks, label });
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('error', refuseBroken);
    });
    form.on('partsLimit', refuseMore);
    form.on('error', refuseBroken);
    form.on('finish', end);
    for (let start = 0; start < body.length && !refusal; start += bytesAtATime) {
      form.write(body.subarray(start, start + bytesAtATime));
      await setImmediate();
    }
    if (!refusal) form.end();
    await ended;
  } catch (error) {
    refuseBroken(error);
  }
  if (refusal) throw refusal;
  return files.map(({ chunks, label }) => ({ bytes: Buffer.concat(chunks), label }));
}

function createParser(contentType: string) {
  return new Busboy({
    headers: { 'content-type': contentType } as BusboyHeaders,
    // Parts, not files: one that is no file takes memory and time too, and a body has room for two million.
    limits: { parts: limits.imagesPerCall, fields: 0, headerPairs: 20, fileSize: limits.bodyBytes },
    isPartAFile: () => true,
  });
}
