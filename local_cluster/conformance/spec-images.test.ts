import { expect, test } from 'vitest';
import { describeSpecImages, findProgram } from './spec-images.ts';

const shellAmong = (programs: Record<string, string>) =>
  describeSpecImages('/built/agnhost', (name) => programs[name])['e2e-test-images/busybox']?.programs;

test('the shell of busybox is busybox itself, or else bash', () => {
  expect(shellAmong({ busybox: '/bin/busybox', bash: '/bin/bash' })?.['/bin/sh']).toEqual(['/bin/busybox', 'sh']);
  expect(shellAmong({ bash: '/bin/bash' })).toEqual({ sh: ['/bin/bash'], '/bin/sh': ['/bin/bash'] });
});

test('without either, it says what to install', () => {
  expect(() => shellAmong({})).toThrow('need busybox or bash');
});

test('a program is found where the PATH says', () => {
  expect([findProgram('sh'), findProgram('no-such-program')]).toEqual([expect.stringMatching(/\/sh$/), undefined]);
});
