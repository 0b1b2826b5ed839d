import { describe, expect, test } from 'vitest';
import { UsageError } from '../../deployment/options.ts';
import { parseStartOptions } from './options.ts';

describe('npm start', () => {
  test('runs the mesh here, on loopback, unless told otherwise', () => {
    expect(parseStartOptions([])).toEqual({
      kind: 'local',
      port: 8080,
      graderPort: 5000,
      host: '127.0.0.1',
      datasets: {},
    });
  });

  test('takes ports, an address and a folder', () => {
    const args = ['--port', '9000', '--grader-port=9001', '--host', '0.0.0.0', '--kmnist', 'data'];
    expect(parseStartOptions(args)).toEqual({
      kind: 'local',
      port: 9000,
      graderPort: 9001,
      host: '0.0.0.0',
      datasets: { kmnist: 'data' },
    });
  });

  test('deploys to a context', () => {
    expect(parseStartOptions(['--context', 'kind-kind', '--kubeconfig', 'file'])).toEqual({
      kind: 'context',
      context: 'kind-kind',
      kubeconfig: 'file',
      overlay: 'context',
      yes: true,
      dryRun: false,
      prune: false,
      adopt: false,
    });
    expect(parseStartOptions(['--context', 'eks', '--overlay', 'eks'])).toMatchObject({ overlay: 'eks' });
  });

  test.each([
    [['--prot', '1'], "Unknown option '--prot'"],
    [['extra'], "Unexpected argument 'extra'"],
    [['--port', 'http'], '--port is "http"; it must be from 1 to 65535'],
    [['--port', '0'], '--port is "0"; it must be from 1 to 65535'],
    [['--grader-port', '65536'], '--grader-port is "65536"; it must be from 1 to 65535'],
    [['--port', '5000'], '--port and --grader-port are both 5000'],
    [['--host', 'example'], '--host is "example"; it must be an IPv4 address'],
    [['--kubeconfig', 'file'], '--kubeconfig goes with --context NAME'],
    [['--overlay', 'eks'], '--overlay goes with --context NAME'],
    [['--context', 'kind', '--port', '1'], '--port does not go with --context'],
    [['--context', ''], '--context needs the name of a context'],
  ])('refuses %j', (args, message) => {
    expect(() => parseStartOptions(args)).toThrow(new UsageError(message));
  });
});
