import { Busboy, type BusboyHeaders } from '@fastify/busboy';
import { problem } from '@ml-job-mesh/http-service';
import { limits } from '../limits.ts';

/**
 * The files of a form (`multipart/form-data`), in their order.
 * @throws ServiceError 400 when it is broken, or has anything but files
 */
export function readForm(body: Buffer, contentType: string): Promise<Buffer[]> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer[]>();
  const files: Buffer[][] = [];
  const refuse = (detail: string) => reject(problem('invalid_request', detail));
  try {
    const form = new Busboy({
      headers: { 'content-type': contentType } as BusboyHeaders,
      limits: { files: limits.imagesPerCall, fields: 0, headerPairs: 20, fileSize: limits.bodyBytes },
    });
    form.on('file', (_name, stream) => {
      const chunks: Buffer[] = [];
      files.push(chunks);
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('error', (error) => refuse(`the form is broken: ${error.message}`));
    });
    form.on('filesLimit', () => refuse(`a call may have ${limits.imagesPerCall} images`));
    form.on('fieldsLimit', () => refuse('each part of the form has to be a file'));
    form.on('error', (error) => refuse(`the form is broken: ${(error as Error).message}`));
    form.on('finish', () => resolve(files.map((chunks) => Buffer.concat(chunks))));
    form.end(body);
  } catch (error) {
    refuse(`the form is broken: ${(error as Error).message}`);
  }
  return promise;
}
