import { expect, test } from 'vitest';
import { namesTag } from './entity-tag.ts';

test.each([
  [undefined, false],
  ['', false],
  ['W/"one"', true],
  ['"one"', true],
  ['*', true],
  ['W/"two"', false],
  ['"two", W/"one"', true],
  ['"two,one"', false],
  ['one', false],
])('If-None-Match: %s names W/"one": %s', (header, expected) => {
  expect(namesTag(header, 'W/"one"')).toBe(expected);
});
