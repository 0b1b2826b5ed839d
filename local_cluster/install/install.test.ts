import { expect, test } from 'vitest';
import { requirePlatform } from './install.ts';

test.each([
  ['linux', 'x64'],
  ['linux', 'arm64'],
])('%s on %s is fine', (platform, arch) => {
  expect(requirePlatform(platform, arch)).toBeUndefined();
});

test.each([
  ['darwin', 'arm64'],
  ['win32', 'x64'],
  ['linux', 'riscv64'],
])('%s on %s is told at once to use a cluster', (platform, arch) => {
  expect(() => requirePlatform(platform, arch)).toThrow(
    /needs Linux on x64 or arm64.*kind or minikube.*--context NAME/,
  );
});
