import { expect, test } from 'vitest';
import { describeHosts } from './hosts-file.ts';

const surroundings = {
  address: { announced: '10.244.1.7', local: '127.244.1.7' },
  domain: 'cluster.local',
  machineHosts: '127.0.0.1 localhost machine\n\n',
  names: [
    { namespace: 'web', name: 'front', addresses: ['127.244.1.8', '127.244.2.3'] },
    { namespace: 'jobs', name: 'db-0.db', addresses: ['127.244.2.4'] },
  ],
};
const header = "# Kept by the node; the cluster's names follow its Services.";

test("a pod sees its own name, its aliases, and the cluster's names, short ones for its own namespace", () => {
  const pod = {
    metadata: { name: 'p', namespace: 'jobs' },
    spec: { containers: [], hostAliases: [{ ip: '127.0.0.9', hostnames: ['old', 'older'] }] },
  };
  expect(describeHosts({ ...surroundings, pod }).split('\n')).toEqual([
    header,
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    '127.244.1.7\tp',
    '127.0.0.9\told\tolder',
    '127.244.1.8\tfront.web.svc.cluster.local\tfront.web.svc\tfront.web',
    '127.244.2.3\tfront.web.svc.cluster.local\tfront.web.svc\tfront.web',
    '127.244.2.4\tdb-0.db.jobs.svc.cluster.local\tdb-0.db.jobs.svc\tdb-0.db.jobs\tdb-0.db',
    '',
  ]);
});

test('a hostname and a subdomain make a full name', () => {
  const spec = { containers: [], hostname: 'db-0', subdomain: 'db' };
  const pod = { metadata: { name: 'p', namespace: 'jobs' }, spec };
  const text = describeHosts({ ...surroundings, names: [], pod });
  expect(text.split('\n')[3]).toBe('127.244.1.7\tdb-0.db.jobs.svc.cluster.local\tdb-0');
});

test("a pod on the host network sees the machine's file and the cluster's names", () => {
  const pod = { metadata: { name: 'p', namespace: 'web' }, spec: { containers: [], hostNetwork: true } };
  expect(describeHosts({ ...surroundings, names: surroundings.names.slice(1), pod }).split('\n')).toEqual([
    header,
    '127.0.0.1 localhost machine',
    '127.244.2.4\tdb-0.db.jobs.svc.cluster.local\tdb-0.db.jobs.svc\tdb-0.db.jobs',
    '',
  ]);
});
