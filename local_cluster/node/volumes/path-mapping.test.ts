import { expect, test } from 'vitest';
import { mapPaths, normalizePath } from './path-mapping.ts';

const paths = new Map([
  ['/app', '/home/me/project'],
  ['/app/data', '/var/data'],
  ['/etc/x.d', '/pods/1/x'],
]);

test.each([
  ['/app', '/home/me/project'],
  ['/app/', '/home/me/project/'],
  ['/app/src/main.ts', '/home/me/project/src/main.ts'],
  ['/app/data/mnist', '/var/data/mnist'],
  ['--file=/etc/x.d/y', '--file=/pods/1/x/y'],
  ['a:/etc/x.d', 'a:/pods/1/x'],
  ['/app:/app/data', '/home/me/project:/var/data'],
  ['file:///app/a', 'file:///home/me/project/a'],
  ['cat /app/a > "/etc/x.d"', 'cat /home/me/project/a > "/pods/1/x"'],
])('%s becomes %s', (written, expected) => {
  expect(mapPaths(written, paths)).toBe(expected);
});

test.each([
  '/application',
  '/opt/app',
  './app',
  'x/app',
  '/app.old',
  '/app-2',
  '/etc/xxd',
  'http://host/app',
  'no path',
])('%s stays as it is', (written) => {
  expect(mapPaths(written, paths)).toBe(written);
});

test('what was put in is not replaced again', () => {
  const nested = new Map([
    ['/a', '/b/c'],
    ['/b', '/d'],
  ]);
  expect(mapPaths('/a /b', nested)).toBe('/b/c /d');
});

test('a slash at the end of a mount is no part of it', () => {
  expect([normalizePath('/info/'), normalizePath('/')]).toEqual(['/info', '/']);
});
