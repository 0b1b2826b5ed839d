import path from 'node:path';
import { expect, test } from 'vitest';
import { parseLoadOptions, usage } from './options.ts';

test('a load is put on the mesh of this machine by everybody, unless the command line says otherwise', () => {
  expect(parseLoadOptions(['steady'])).toEqual({
    name: 'steady',
    address: 'http://127.0.0.1:8080',
    people: undefined,
    seconds: undefined,
    who: ['draw', 'photos', 'jobs'],
    reportFolder: path.resolve('.mesh/load/steady'),
  });
  const args = ['--address', 'https://mesh.example/', '--people', '7', '--seconds', '30', '--who', 'jobs,draw'];
  expect(parseLoadOptions(['spike', ...args, '--report', '/tmp/report'])).toEqual({
    name: 'spike',
    address: 'https://mesh.example',
    people: 7,
    seconds: 30,
    who: ['jobs', 'draw'],
    reportFolder: '/tmp/report',
  });
});

test.each([
  [[], 'which load? There are steady, ramp, spike, soak, flood'],
  [['storm'], 'there is no load "storm"; there are steady, ramp, spike, soak, flood'],
  [['soak', 'spike'], 'one load at a time: "spike" is one too many'],
  [['soak', '--address', 'localhost:80'], '--address is "localhost:80"; it must be like http://127.0.0.1:8080'],
  [['soak', '--address', 'http://a/free'], '--address is "http://a/free"; it must be like http://127.0.0.1:8080'],
  [['soak', '--people', '0'], '--people is "0"; it must be a whole number from 1 to 999999'],
  [['soak', '--seconds', '1e3'], '--seconds is "1e3"; it must be a whole number from 1 to 999999'],
  [['soak', '--who', 'draw,cats'], '--who is "draw,cats"; it must be of draw, photos, jobs, separated by commas'],
  [['soak', '--for', '7'], "Unknown option '--for'"],
])('%j is refused with what is wrong and what is allowed', (args, message) => {
  expect(() => parseLoadOptions(args)).toThrow(message);
});

test('the help names every load', () => {
  expect(parseLoadOptions(['--help'])).toBeUndefined();
  expect(usage.match(/^ {2}[a-z]+ /gm)?.map((name) => name.trim())).toEqual([
    'steady',
    'ramp',
    'spike',
    'soak',
    'flood',
  ]);
});
