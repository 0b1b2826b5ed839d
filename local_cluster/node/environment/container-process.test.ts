import type { V1Container } from '@kubernetes/client-node';
import { expect, test } from 'vitest';
import { describeProcess, type ProcessSurroundings, translateCommand } from './container-process.ts';

const around: ProcessSurroundings = {
  pod: { metadata: { name: 'a-pod' }, spec: { containers: [] } },
  image: {
    entrypoint: ['node'],
    cmd: ['main.ts'],
    workingDir: '/app',
    env: { PATH: '/node/bin', LISTEN: '{podAddress}', DNS: '{dnsServers}' },
    paths: { '/app': '/project' },
    programs: { node: ['/node/bin/node'] },
  },
  podFolder: '/pods/1',
  cacheFolder: '/cache',
  address: { announced: '10.244.1.7', local: '127.244.1.7' },
  dnsServers: ['127.244.1.1:1053'],
  mounts: new Map([['/etc/config', '/pods/1/volumes/config']]),
  variables: new Map(),
  terminationLog: '/pods/1/containers/main/0/termination-log',
  apiServer: new URL('https://127.244.0.1:6443'),
};

const container = (more: Partial<V1Container> = {}): V1Container => ({ name: 'main', ...more });

test('without a command of the pod it is the image that says what is run, and where', () => {
  const { argv, cwd, env } = describeProcess(container(), around);
  expect(argv).toEqual(['/node/bin/node', 'main.ts']);
  expect(cwd).toBe('/project');
  expect(Object.fromEntries(env)).toEqual({
    HOME: '/pods/1/home',
    TMPDIR: '/pods/1/home',
    HOSTNAME: 'a-pod',
    KUBERNETES_SERVICE_HOST: '127.244.0.1',
    KUBERNETES_SERVICE_PORT: '6443',
    PATH: '/node/bin',
    LISTEN: '127.244.1.7',
    DNS: '127.244.1.1:1053',
    TERMINATION_MESSAGE_PATH: '/pods/1/containers/main/0/termination-log',
  });
});

test.each([
  [{ args: ['other.ts'] }, ['/node/bin/node', 'other.ts']],
  [{ command: ['sh', '-c'], args: ['x'] }, ['sh', '-c', 'x']],
  [{ command: ['sh'] }, ['sh']],
])('%j is run as %j', (given, argv) => {
  expect(describeProcess(container(given), around).argv).toEqual(argv);
});

test('paths and addresses of the container become those of this machine, in arguments and variables', () => {
  const variables = new Map([
    ['HOST', '0.0.0.0'],
    ['URL', 'http://127.0.0.1/'],
    ['CONFIG', '--file=/etc/config/a.yaml'],
  ]);
  const args = ['/app/main.ts', '$(CONFIG)', '127.0.0.1', '/dev/termination-log'];
  const { argv, env } = describeProcess(container({ args }), { ...around, variables });
  expect(argv.slice(1)).toEqual([
    '/project/main.ts',
    '--file=/pods/1/volumes/config/a.yaml',
    '127.244.1.7',
    '/pods/1/containers/main/0/termination-log',
  ]);
  expect([env.get('HOST'), env.get('URL'), env.get('CONFIG')]).toEqual([
    '127.244.1.7',
    'http://127.0.0.1/',
    '--file=/pods/1/volumes/config/a.yaml',
  ]);
});

test('the commands of probes and hooks are translated alike', () => {
  const process = describeProcess(container(), around);
  const command = ['node', '/app/check.ts', '127.0.0.1'];
  expect(translateCommand(command, process, around.image, around.address)).toEqual([
    ...['/node/bin/node', '/project/check.ts', '127.244.1.7'],
  ]);
});
