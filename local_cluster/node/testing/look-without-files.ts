// For runner.test.ts, with a low limit of open files: adopts the container in the folder of the first argument, whose shim is the
// second, and tells on standard output what it takes it for: while it has no file descriptors, when its standard input says
// that the container has ended, and when it has descriptors again.

import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Runner } from '../runs/runner.ts';

const [, , folder, shim] = process.argv;
/** The runner looks once a second. */
const fewLooksMs = 2_500;
const ended = Promise.withResolvers<void>();
const runner = new Runner(folder!, shim!, () => {
  if (!runner.isActive) ended.resolve();
});
const tell = () => process.stdout.write(`${runner.isActive ? 'runs' : `ended ${runner.current?.exit?.exitCode}`}\n`);
const release = process.stdin.resume();

await runner.adopt();
tell();
const taken = takeAllDescriptors();
await sleep(fewLooksMs);
tell();
await once(release, 'data');
await sleep(fewLooksMs);
tell();
for (const descriptor of taken) closeSync(descriptor);
await ended.promise;
tell();
process.exit(0);

function takeAllDescriptors(): number[] {
  const descriptors: number[] = [];
  for (;;) {
    try {
      descriptors.push(openSync('/dev/null', 'r'));
    } catch {
      return descriptors;
    }
  }
}
