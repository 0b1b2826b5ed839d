// No pod brings its node down, whatever its specification says.
import type { V1Container, V1PodSpec } from '@kubernetes/client-node';
import { expect, test } from 'vitest';
import { findAgent } from '../testing/agent-under-test.ts';
import { runsProcesses, shell, statusOf, until, useNamespace } from '../testing/cluster-under-test.ts';

const pods = useNamespace('unusual');
const nodeName = 'node-1';
const probe = { periodSeconds: 1, failureThreshold: 100 };
const ports = [{ name: 'web', containerPort: 8124 }];

/** What each container is given, and what an event says of it; where nothing does, it is enough that the node lives. */
const unusual: Record<string, { container: Partial<V1Container>; spec?: Partial<V1PodSpec>; says?: string }> = {
  'no-such-port': {
    container: { ports, readinessProbe: { ...probe, tcpSocket: { port: 'wbe' } } },
    says: 'the container has no port "wbe"',
  },
  'no-such-http-port': {
    container: { ports, livenessProbe: { ...probe, httpGet: { port: 'wbe' } } },
    says: 'the container has no port "wbe"',
  },
  'space-in-path': {
    container: { ports, readinessProbe: { ...probe, httpGet: { port: 'web', path: '/is it up' } } },
    says: 'ECONNREFUSED',
  },
  'bad-header': {
    container: {
      ports,
      startupProbe: { ...probe, httpGet: { port: 'web', httpHeaders: [{ name: 'X-A', value: 'a\nb' }] } },
    },
    says: 'Invalid character in header content',
  },
  'empty-command': { container: { livenessProbe: { ...probe, exec: { command: [''] } } }, says: 'probe failed' },
  'null-in-command': { container: { livenessProbe: { ...probe, exec: { command: ['a\0b'] } } }, says: 'null bytes' },
  'null-in-variable': { container: { env: [{ name: 'A', value: 'a\0b' }] }, says: 'invalid argument' },
  'long-probe': { container: { readinessProbe: { exec: { command: ['true'] }, initialDelaySeconds: 2147483647 } } },
  'post-start': {
    container: { ports, lifecycle: { postStart: { httpGet: { port: 'wbe', path: '/a b' } } } },
    says: 'the container has no port "wbe"',
  },
  'pre-stop': { container: { lifecycle: { preStop: { exec: { command: ['\0'] } } } } },
  'tiny-limits': { container: { resources: { limits: { cpu: '1m', memory: '500m' }, requests: { cpu: '0' } } } },
  'huge-limits': { container: { resources: { limits: { cpu: '9E', memory: '9000E' }, requests: { cpu: '0' } } } },
  'prototype-image': { container: { image: 'constructor' }, says: 'knows no image' },
  'prototype-key': {
    container: {
      env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'kube-root-ca.crt', key: 'constructor' } } }],
    },
    says: "couldn't find key constructor",
  },
  'own-account-folder': {
    container: { volumeMounts: [{ name: 'own', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }] },
    spec: { volumes: [{ name: 'own', emptyDir: {} }] },
  },
  'ephemeral-storage': {
    container: { env: [{ name: 'A', valueFrom: { resourceFieldRef: { resource: 'limits.ephemeral-storage' } } }] },
  },
  'file-in-the-way': {
    container: { volumeMounts: [{ name: 'file', mountPath: '/x', subPath: 'below' }] },
    spec: { volumes: [{ name: 'file', hostPath: { path: '/proc/version', type: 'File' } }] },
    says: 'ENOTDIR',
  },
  'ports-twice': {
    container: { ports: [{ containerPort: 1, hostPort: 18_931, hostIP: '::1' }] },
    spec: {
      initContainers: [
        { ...shell('true'), name: 'first', ports: [{ containerPort: 1, hostPort: 18_931, hostIP: '::1' }] },
      ],
    },
  },
};

test.skipIf(!runsProcesses)(
  'the agent and the other pods of the node go on, and each pod says what is wrong with it',
  async () => {
    const agent = await findAgent(nodeName);
    for (const [name, { container, spec }] of Object.entries(unusual))
      await pods.create(name, [{ ...shell('sleep 600'), ...container }], {
        nodeName,
        restartPolicy: 'Always',
        ...spec,
      });
    for (const [name, { says }] of Object.entries(unusual)) {
      if (says) {
        const hasSaid = async () => (await pods.eventsOf(name)).some(({ message }) => message.includes(says));
        await until(hasSaid, `an event of ${name} that says: ${says}`);
      } else if (!name.endsWith('limits')) await pods.waitForRunning(name);
    }
    await pods.create('ordinary', [shell('exit 3')], { nodeName });
    expect(statusOf(await pods.waitForEnd('ordinary'))?.state?.terminated?.exitCode).toBe(3);
    expect(await findAgent(nodeName)).toBe(agent);
  },
);

test.skipIf(!runsProcesses)('pods that cannot be made sense of end when they are deleted', async () => {
  const agent = await findAgent(nodeName);
  await Promise.all(Object.keys(unusual).map((name) => pods.delete(name, { gracePeriodSeconds: 1 })));
  await Promise.all(Object.keys(unusual).map(pods.waitUntilGone));
  expect(await findAgent(nodeName)).toBe(agent);
});
