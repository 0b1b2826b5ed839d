import { expect, test } from 'vitest';
import { describeMounts } from './mounts.ts';

test('a node has folders and kernel settings of its own where its programs write to fixed places', () => {
  const places = describeMounts(['/tmp'])
    .split('\n')
    .filter((line) => line.startsWith('mount'))
    .map((line) => line.split(' ').at(-1));
  expect(places).toEqual([
    '/run',
    '/var/lib',
    '/var/log',
    '/proc/sys/vm/overcommit_memory',
    '/proc/sys/vm/panic_on_oom',
    '/proc/sys/kernel/panic',
    '/proc/sys/kernel/panic_on_oops',
    '/proc/sys/kernel/keys/root_maxkeys',
    '/proc/sys/kernel/keys/root_maxbytes',
  ]);
});

test('a folder that a node needs is seen there, also where it is in one of those', () => {
  const lines = describeMounts(['/var/lib/ci/clone']).split('\n');
  const hiding = lines.indexOf('mount -t tmpfs -o mode=755 rig /var/lib');
  const saving = lines.indexOf("mount --rbind '/var/lib/ci/clone' /run/needed/0");
  const showing = lines.indexOf("mount --move /run/needed/0 '/var/lib/ci/clone'");
  expect([saving > 0, hiding > saving, showing > hiding]).toEqual([true, true, true]);
});
