import { expect, test } from 'vitest';
import { type Attempt, findObstacle } from './preconditions.ts';

const none = () => [];
const failing =
  (program: string, said: string): Attempt =>
  (command) =>
    command === program ? said : undefined;

test('where a rig cannot be expected to start, a sentence says why and what would help', async () => {
  expect(await findObstacle('darwin', 0)).toEqual({ reason: 'it needs Linux, and this is darwin', isOfMachine: true });
  expect(await findObstacle('linux', 1000)).toEqual({
    reason: 'it needs root, because it makes networks, mounts and containers: run it with sudo',
    isOfMachine: true,
  });
  expect(await findObstacle('linux', 0, failing('apt-get', 'ENOENT'), () => ['runc'])).toEqual({
    reason: 'it installs runc with apt-get, which this system does not have: run it on Debian',
    isOfMachine: true,
  });
  expect(await findObstacle('linux', 0, failing('unshare', 'unshare failed: Operation not permitted'), none)).toEqual({
    reason:
      'namespaces with mounts of their own cannot be made here (unshare failed: Operation not permitted); ' +
      'a container has to be privileged for that',
    isOfMachine: true,
  });
});

test("what may pass is not taken for the machine's way, and the command's own words are kept", async () => {
  expect(await findObstacle('linux', 0, failing('unshare', 'unshare failed: Cannot allocate memory'), none)).toEqual({
    reason:
      'namespaces with mounts of their own cannot be made here (unshare failed: Cannot allocate memory); ' +
      'that is not for lack of rights: try again',
    isOfMachine: false,
  });
});
