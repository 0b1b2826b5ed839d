import { randomUUID } from 'node:crypto';
import type { Job } from '@ml-job-mesh/tier-service/views/job-view.ts';
import { anyOf } from '../any-of.ts';
import type { Command } from '../command.ts';
import { datasetNames } from '../datasets.ts';
import { exitCodes, usageError } from '../exit-codes.ts';
import { tierNames } from '../job-id.ts';
import { describeJob } from '../job-text.ts';
import { watchJob } from './watch.ts';

/** `mesh submit`: posts a job, safely repeated under one idempotency key where the service is away. */
export const submit: Command = {
  name: 'submit',
  summary: 'post a job and print its id',
  words: 'DATASET',
  wordCount: { least: 1, most: 1 },
  options: {
    tier: { type: 'string', value: 'TIER', choices: tierNames, help: `${anyOf(tierNames)}; free if left out` },
    epochs: { type: 'string', value: 'N', help: 'how many epochs to train, 1 to 20; 5 if left out' },
    pretrained: { type: 'boolean', help: 'evaluate the network that the image carries, train none' },
    key: { type: 'string', value: 'KEY', help: 'idempotency key: the same key and job again give the same id' },
    watch: { type: 'boolean', help: 'then watch it to its end' },
  },
  notes: `DATASET is ${anyOf(datasetNames)}. Standard output is the id alone.`,

  async run({ api, terminal, json, options, words }) {
    const { tier = 'free', epochs, pretrained, key = randomUUID() } = options;
    const body = {
      dataset: words[0],
      ...(epochs !== undefined && { epochs: readEpochs(String(epochs)) }),
      ...(pretrained && { pretrained: true }),
    };
    const job = await api.json<Job>('POST', `/${tier}`, { body, headers: { 'idempotency-key': String(key) } });
    terminal.stdout.write(json ? `${JSON.stringify(job)}\n` : `${job.id}\n`);
    if (options.watch) return watchJob({ api, terminal, json }, job.id);
    if (terminal.stdout.isTTY && !json) {
      terminal.stderr.write(`${describeJob(job)}; to follow it: mesh watch ${job.id}\n`);
    }
    return exitCodes.ok;
  },
};

/** The service judges the number; here it only has to be one. */
function readEpochs(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw usageError(`--epochs is "${text}"; it has to be a whole number`);
  return Number(text);
}
