// The service for tests: all of it, put together as it is when it runs, with a store of its own.

import { join } from 'node:path';
import { type Clients, everybody } from '@ml-job-mesh/http-service';
import type { InjectOptions } from 'fastify';
import { onTestFinished, vi } from 'vitest';
import { composeService } from '../compose-service.ts';
import { createTestStore, type TestModel } from './test-store.ts';

export interface TestServiceOptions {
  /** What is in the store before the service starts. */
  models?: TestModel[];
  clients?: Clients;
  /** Where in the store's folder the service looks. */
  inFolder?: string;
  callsAtATime?: number;
  bytesAtATime?: number;
}

/** The answer to a prediction. */
export type Answer = {
  model: string;
  version: number;
  predictions: { classes: { class: number; label: string; probability: number }[]; milliseconds: number }[];
};

/** Starts it, until the test is over, and waits until it has models if there are any. */
export async function startTestService(options: TestServiceOptions = {}) {
  const { models = [{}], clients = everybody, inFolder = '', ...more } = options;
  const store = createTestStore();
  for (const model of models) store.publish(model);
  const logged: { msg: string; [field: string]: unknown }[] = [];
  const running = await composeService({
    modelFolder: join(store.folder, inFolder),
    defaultModel: 'mnist-cnn',
    clients,
    pollMs: 20,
    ...more,
    logger: { level: 'warn', stream: { write: (line: string) => logged.push(JSON.parse(line)) } },
  });
  onTestFinished(running.stop);
  if (models.length > 0)
    await vi.waitFor(
      () => {
        running.models.list();
      },
      { timeout: 20_000 },
    );
  return {
    ...running,
    store,
    /** The warnings and errors that were logged. */
    logged,
    inject: (request: InjectOptions) => running.app.inject(request),
    post: (payload: Buffer | string | object, url = '/predict', headers: Record<string, string> = {}) =>
      running.app.inject({ method: 'POST', url, headers, payload }),
  };
}
