import { beforeAll, describe, expect, test } from 'vitest';
import { cluster, runsProcesses, shell, statusOf, until, useNamespace } from '../testing/cluster-under-test.ts';

const pods = useNamespace('environment');

beforeAll(async () => {
  const metadata = { name: 'settings' };
  await cluster.create(`/api/v1/namespaces/${pods.namespace}/configmaps`, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata,
    data: { GREETING: 'hello', 'file.txt': 'from a file\n' },
  });
  await cluster.create(`/api/v1/namespaces/${pods.namespace}/secrets`, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata,
    stringData: { password: 's3cret' },
  });
});

/** What a script prints, line by line, in a pod with these. */
async function run(...pod: Parameters<typeof pods.create>) {
  const [name] = pod;
  await pods.create(...pod);
  const ended = await pods.waitForEnd(name);
  const log = await pods.readLog(name);
  expect(ended.status?.phase, log).toBe('Succeeded');
  return { lines: log.trimEnd().split('\n'), pod: ended };
}

describe('environment variables', () => {
  test('come from values, ConfigMaps and Secrets, and may refer to each other', async () => {
    const { lines } = await run('values', [
      shell('echo "$PLAIN|$COMBINED|$ESCAPED|$UNKNOWN|$PASSWORD|$CM_GREETING|$MISSING"; echo "$0 $1"', {
        args: ['$(PLAIN)', '$$(PLAIN)'],
        env: [
          { name: 'PLAIN', value: 'a b' },
          { name: 'COMBINED', value: '<$(PLAIN)>' },
          { name: 'ESCAPED', value: '$$(PLAIN)' },
          { name: 'UNKNOWN', value: '$(NOPE)' },
          { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'settings', key: 'password' } } },
          { name: 'MISSING', valueFrom: { configMapKeyRef: { name: 'none', key: 'x', optional: true } } },
        ],
        envFrom: [{ prefix: 'CM_', configMapRef: { name: 'settings' } }],
      }),
    ]);
    expect(lines).toEqual(['a b|<a b>|$(PLAIN)|$(NOPE)|s3cret|hello|', 'a b $(PLAIN)']);
  });

  test('tell a container of its own pod', async () => {
    const field = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });
    const env = [
      field('A', 'metadata.name'),
      field('B', 'metadata.namespace'),
      field('C', 'metadata.uid'),
      field('D', "metadata.labels['team']"),
      field('E', "metadata.annotations['example.org/note']"),
      field('F', 'spec.nodeName'),
      field('G', 'spec.serviceAccountName'),
      { name: 'H', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '1m' } } },
      { name: 'I', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } },
      { name: 'J', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
    ];
    const resources = { limits: { cpu: '900m', memory: '64Mi' } };
    const { lines, pod } = await run(
      'fields',
      [shell('for v in "$A" "$B" "$C" "$D" "$E" "$F" "$G" "$H" "$I" "$J"; do echo "$v"; done', { env, resources })],
      {},
      { labels: { team: 'blue' }, annotations: { 'example.org/note': 'a note' } },
    );
    const { metadata, spec } = pod;
    const { name, namespace: itsNamespace, uid } = metadata!;
    expect(lines).toEqual([
      ...[name, itsNamespace, uid, 'blue', 'a note', spec!.nodeName],
      ...['default', '900', '64', '1'],
    ]);
  });

  test('hold nothing of the node agent', async () => {
    const { lines } = await run('clean', [shell('env')]);
    const names = lines.map((line) => line.split('=')[0]);
    expect(names.filter((name) => /^(npm_|NODE_|VITEST|SSH|USER|LOGNAME)/.test(name!))).toEqual([]);
    expect(names).toEqual(expect.arrayContaining(['PATH', 'HOME', 'HOSTNAME', 'KUBERNETES_SERVICE_HOST']));
  });
});

describe('volumes', () => {
  test('files of ConfigMaps, Secrets and the downward API are where they are mounted', async () => {
    const { lines } = await run(
      'files',
      [
        shell(
          'cat /etc/config/file.txt; cat /etc/secret/p/w; echo; cat /etc/one; grep -v ^topology /info/labels; ls /etc/config',
          {
            volumeMounts: [
              { name: 'config', mountPath: '/etc/config' },
              { name: 'secret', mountPath: '/etc/secret' },
              { name: 'config', mountPath: '/etc/one', subPath: 'file.txt' },
              { name: 'info', mountPath: '/info/' },
            ],
          },
        ),
      ],
      {
        volumes: [
          { name: 'config', configMap: { name: 'settings' } },
          { name: 'secret', secret: { secretName: 'settings', items: [{ key: 'password', path: 'p/w' }] } },
          { name: 'info', downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
        ],
      },
      { labels: { a: '1', b: '2' } },
    );
    expect(lines).toEqual(['from a file', 's3cret', 'from a file', 'a="1"', 'b="2"', 'GREETING', 'file.txt']);
  });

  test('an empty folder is shared by the containers, paths in arguments and variables included', async () => {
    const volumeMounts = [{ name: 'shared', mountPath: '/shared' }];
    const { lines } = await run(
      'shared',
      [
        {
          name: 'main',
          image: 'busybox',
          imagePullPolicy: 'IfNotPresent',
          command: ['cat', '/shared/sub/x', '--', '/shared/y'],
          volumeMounts,
          workingDir: '/shared',
        },
      ],
      {
        initContainers: [
          shell('mkdir -p $DIR && pwd > /dev/null && echo x > sub/x && echo y > $(echo "$FLAG" | cut -d= -f2)', {
            name: 'writer',
            workingDir: '/shared',
            volumeMounts,
            env: [
              { name: 'DIR', value: '/shared/sub' },
              { name: 'FLAG', value: '--file=/shared/y' },
            ],
          }),
        ],
        volumes: [{ name: 'shared', emptyDir: {} }],
      },
    );
    expect(lines).toEqual(['x', 'y']);
  });

  test('a claim gives the folder of the volume that it is bound to', async () => {
    const name = `claim-${pods.namespace}`;
    const storage = { storage: '1Mi' };
    const accessModes = ['ReadWriteOnce'];
    await cluster.create('/api/v1/persistentvolumes', {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name },
      spec: {
        capacity: storage,
        accessModes,
        storageClassName: name,
        hostPath: { path: `/tmp/${name}`, type: 'DirectoryOrCreate' },
      },
    });
    await cluster.create(`/api/v1/namespaces/${pods.namespace}/persistentvolumeclaims`, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name },
      spec: { accessModes, storageClassName: name, resources: { requests: storage } },
    });
    const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: name } }];
    const volumeMounts = [{ name: 'data', mountPath: '/data' }];
    const writer = await run('claim-writer', [shell('echo kept > /data/file', { volumeMounts })], { volumes });
    const { lines } = await run('claim-reader', [shell('cat /data/file; rm /data/file', { volumeMounts })], {
      volumes,
      nodeName: writer.pod.spec!.nodeName!,
    });
    expect(lines).toEqual(['kept']);
    await cluster.delete(`/api/v1/persistentvolumes/${name}`);
  });

  test('the token of its account is one that the API server takes', async () => {
    const { lines } = await run(
      'account',
      [
        shell(
          'cat /var/run/secrets/kubernetes.io/serviceaccount/token; echo; cat /var/run/secrets/kubernetes.io/serviceaccount/namespace',
        ),
      ],
      {
        automountServiceAccountToken: true,
      },
    );
    const [token, itsNamespace] = lines;
    expect(itsNamespace).toBe(pods.namespace);
    const review = await cluster.create<{ status: { authenticated?: boolean; user: { username: string } } }>(
      '/apis/authentication.k8s.io/v1/tokenreviews',
      { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } },
    );
    expect(review.status.authenticated).toBe(true);
    expect(review.status.user.username).toBe(`system:serviceaccount:${pods.namespace}:default`);
  });

  test("a token that one container mounts is that container's alone", async () => {
    const account = '/var/run/secrets/kubernetes.io/serviceaccount';
    const script = `ls -d ${account} 2>&1; echo "kubeconfig: $KUBECONFIG"`;
    const projected = {
      sources: [
        { serviceAccountToken: { path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      ],
    };
    await pods.create(
      'one-token',
      [
        shell(script, { name: 'with', volumeMounts: [{ name: 'account', mountPath: account, readOnly: true }] }),
        shell(script, { name: 'without' }),
      ],
      { automountServiceAccountToken: false, volumes: [{ name: 'account', projected }] },
    );
    await pods.waitForEnd('one-token');
    const log = (container: string) => pods.readLog('one-token', { container });
    // A process finds it by a kubeconfig.
    const file = runsProcesses ? '/.*/kubeconfig' : '';
    expect(await log('with')).toMatch(new RegExp(`/.*account\\nkubeconfig: ${file}\\n$`));
    expect(await log('without')).toMatch(/No such file or directory\nkubeconfig: \n$/);
  });
});

describe('addresses', () => {
  test('each pod has one of its own, which is in its status', async () => {
    const script = 'sleep 5';
    await Promise.all(['one', 'two', 'three'].map((name) => pods.create(name, [shell(script)])));
    const running = await Promise.all(
      ['one', 'two', 'three'].map((name) => pods.waitFor(name, ({ status }) => status?.podIP, 'an address')),
    );
    const addresses = running.map(({ status }) => status!.podIP);
    expect(new Set(addresses).size).toBe(3);
    expect(running.map(({ status }) => status?.podIPs)).toEqual(addresses.map((ip) => [{ ip }]));
    await Promise.all(['one', 'two', 'three'].map((name) => pods.delete(name, { gracePeriodSeconds: 0 })));
  });

  test('a pod on the host network has the address of its node', async () => {
    await pods.create('host', [shell('sleep 0.2')], { hostNetwork: true });
    const { status } = await pods.waitForEnd('host');
    expect(status?.podIP).toBe(status?.hostIP);
  });

  test.skipIf(!runsProcesses)('a host port leads to the pod', async () => {
    const serve = `require('node:http').createServer((_, answer) => answer.end('here')).listen(8123, process.env.HOST)`;
    await pods.create('server', [
      {
        name: 'main',
        image: 'localhost/ml-job-mesh/services:local',
        imagePullPolicy: 'IfNotPresent',
        command: ['node', '-e', serve],
        env: [{ name: 'HOST', value: '0.0.0.0' }],
        ports: [{ containerPort: 8123, hostPort: 18123, hostIP: '127.0.0.1' }],
        readinessProbe: { httpGet: { port: 8123 }, periodSeconds: 1 },
      },
    ]);
    await pods.waitFor('server', (pod) => statusOf(pod)?.ready, 'it to be ready');
    const answer = await until(() => fetch('http://127.0.0.1:18123/').catch(() => undefined), 'an answer');
    expect(await answer.text()).toBe('here');
    const { status } = await pods.get('server');
    expect(status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True');
    await pods.delete('server', { gracePeriodSeconds: 0 });
  });
});

// What a node of processes does for want of networks of the pods' own.
describe.skipIf(!runsProcesses)('names', () => {
  test("a pod finds a Service's pods by the Service's name, as they come and go, and its own name and aliases", async () => {
    const services = `/api/v1/namespaces/${pods.namespace}/services`;
    const selector = { app: 'named' };
    await cluster.create(services, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'named' },
      spec: { clusterIP: 'None', selector, ports: [{ port: 80 }] },
    });
    const labels = { labels: selector };
    await pods.create('named-1', [shell('sleep 100')], { terminationGracePeriodSeconds: 0 }, labels);
    const { status } = await pods.waitForRunning('named-1');
    const listening = status!.podIP!.replace(/^10/, '127');
    const look = `until [ "$(getent hosts named)" ]; do sleep 0.1; done; getent hosts named.${pods.namespace}.svc.cluster.local | cut -d" " -f1; getent hosts looker | cut -d" " -f1; getent hosts old-name | cut -d" " -f1; echo found; while getent hosts named > /dev/null; do sleep 0.1; done; echo gone`;
    await pods.create('looker', [shell(look)], { hostAliases: [{ ip: '127.0.0.9', hostnames: ['old-name'] }] });
    const looker = await pods.waitForRunning('looker');
    await until(async () => (await pods.readLog('looker')).includes('found'), 'the names');
    await pods.delete('named-1', { gracePeriodSeconds: 0 });
    await pods.waitForEnd('looker');
    const own = looker.status!.podIP!.replace(/^10/, '127');
    expect((await pods.readLog('looker')).trim().split('\n')).toEqual([listening, own, '127.0.0.9', 'found', 'gone']);
  });
});
