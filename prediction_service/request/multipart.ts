import { Busboy, type BusboyHeaders } from '@fastify/busboy';
import { problem } from '@ml-job-mesh/http-service';
import type { ImageFile } from '../images/prepare.ts';
import { limits } from '../limits.ts';

/**
 * The files of a form (`multipart/form-data`), in their order.
 * @throws ServiceError 400 when it is broken, or has anything but files
 */
export function readForm(body: Buffer, contentType: string): Promise<ImageFile[]> {
  const { promise, resolve, reject } = Promise.withResolvers<ImageFile[]>();
  const files: { chunks: Buffer[]; label: string }[] = [];
  const refuse = (detail: string) => reject(problem('invalid_request', detail));
  const refuseBroken = (error: unknown) => refuse(`the form cannot be read: ${(error as Error).message}`);
  try {
    const form = new Busboy({
      headers: { 'content-type': contentType } as BusboyHeaders,
      limits: { files: limits.imagesPerCall, fields: 0, headerPairs: 20, fileSize: limits.bodyBytes },
      isPartAFile: () => true,
    });
    form.on('file', (_name, stream, _filename, _encoding, label) => {
      const chunks: Buffer[] = [];
      files.push({ chunks, label });
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('error', refuseBroken);
    });
    form.on('filesLimit', () => refuse(`the form has more than the ${limits.imagesPerCall} images of a call`));
    form.on('error', refuseBroken);
    form.on('finish', () => resolve(files.map(({ chunks, label }) => ({ bytes: Buffer.concat(chunks), label }))));
    form.end(body);
  } catch (error) {
    refuseBroken(error);
  }
  return promise;
}
