import { expect, test } from 'vitest';
import { requirePerl } from './perl.ts';

test('a machine with Perl is fine', async () => {
  expect(await requirePerl()).toEqual({ value: undefined });
});

test.each(['no-such-program', 'false'])('one without (%s) learns how to install it', async (program) => {
  await expect(requirePerl(program)).rejects.toThrow(/hooks\. Install it, for instance with `apt install perl-base`/);
});
