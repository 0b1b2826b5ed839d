import { describe, expect, test } from 'vitest';
import {
  conditionsOf,
  endsWhenAsked,
  runsProcesses,
  shell,
  statusOf,
  until,
  useNamespace,
} from '../testing/cluster-under-test.ts';

const pods = useNamespace('probes');
const volumes = [{ name: 'state', emptyDir: {} }];
const volumeMounts = [{ name: 'state', mountPath: '/state' }];

async function remove(name: string): Promise<void> {
  await pods.delete(name);
  await pods.waitUntilGone(name);
}

describe('probes', () => {
  test('readiness follows a file that comes and goes, and the container is left alone', async () => {
    const script = 'sleep 0.5; touch /state/ready; sleep 3; rm /state/ready; sleep 600';
    const readinessProbe = { exec: { command: ['test', '-f', '/state/ready'] }, periodSeconds: 1, failureThreshold: 1 };
    await pods.create('readiness', [shell(script, { volumeMounts, readinessProbe })], { volumes });
    const running = await pods.waitForRunning('readiness');
    expect(statusOf(running)?.ready).toBe(false);
    const ready = await pods.waitFor('readiness', (pod) => statusOf(pod)?.ready, 'it to be ready');
    expect(conditionsOf(ready)).toMatchObject({ Ready: 'True', ContainersReady: 'True' });
    const unready = await pods.waitFor('readiness', (pod) => !statusOf(pod)?.ready, 'it to be unready again');
    expect(conditionsOf(unready)).toMatchObject({ Ready: 'False', ContainersReady: 'False' });
    expect(statusOf(unready)?.restartCount).toBe(0);
    await remove('readiness');
  });

  test('a liveness probe that fails restarts the container', async () => {
    const script = `touch /state/alive; sleep 1; rm /state/alive; ${endsWhenAsked}`;
    const livenessProbe = { exec: { command: ['test', '-f', '/state/alive'] }, periodSeconds: 1, failureThreshold: 2 };
    await pods.create('liveness', [shell(script, { volumeMounts, livenessProbe })], {
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 1,
      volumes,
    });
    const pod = await pods.waitFor('liveness', (found) => statusOf(found)?.restartCount === 1, 'a restart');
    expect(statusOf(pod)?.lastState?.terminated?.exitCode).toBe(143);
    await until(async () => {
      const reasons = (await pods.eventsOf('liveness')).map(({ reason }) => reason);
      return reasons.includes('Unhealthy') && reasons.includes('Killing');
    }, 'the events of it');
    await remove('liveness');
  });

  test('the other probes wait for the startup probe', async () => {
    const check = (file: string, failureThreshold: number) => ({
      exec: { command: ['test', '-f', `/state/${file}`] },
      periodSeconds: 1,
      failureThreshold,
    });
    const container = shell('sleep 2.5; touch /state/started /state/alive; sleep 600', {
      volumeMounts,
      startupProbe: check('started', 30),
      livenessProbe: check('alive', 1),
    });
    await pods.create('startup', [container], { restartPolicy: 'Always', volumes });
    const running = await pods.waitForRunning('startup');
    expect(statusOf(running)).toMatchObject({ started: false, ready: false });
    await pods.waitFor('startup', (pod) => statusOf(pod)?.started, 'it to be started');
    expect(statusOf(await pods.get('startup'))).toMatchObject({ ready: true, restartCount: 0 });
    await pods.delete('startup', { gracePeriodSeconds: 0 });
  });

  // Elsewhere its image is not there.
  test.skipIf(!runsProcesses)('requests and connections are made to the pod', async () => {
    const serve = `require('node:http').createServer((request, answer) => {
      answer.statusCode = request.url === '/fine' ? 200 : 500;
      answer.end();
    }).listen(8124, process.env.HOST)`;
    const server = {
      name: 'main',
      image: 'localhost/ml-job-mesh/services:local',
      imagePullPolicy: 'IfNotPresent',
      command: ['node', '-e', serve],
      env: [{ name: 'HOST', value: '0.0.0.0' }],
      ports: [{ name: 'web', containerPort: 8124 }],
    };
    const probe = (path: string) => ({ httpGet: { port: 'web', path }, periodSeconds: 1 });
    await Promise.all([
      pods.create('good', [
        { ...server, readinessProbe: probe('/fine'), livenessProbe: { tcpSocket: { port: 8124 } } },
      ]),
      pods.create('bad', [{ ...server, readinessProbe: probe('/broken') }]),
    ]);
    await pods.waitFor('good', (pod) => statusOf(pod)?.ready, 'the good one to be ready');
    await until(
      async () => (await pods.eventsOf('bad')).some(({ message }) => message.includes('statuscode: 500')),
      'the event of the bad one',
    );
    expect(statusOf(await pods.get('bad'))?.ready).toBe(false);
    await Promise.all(['good', 'bad'].map((name) => pods.delete(name, { gracePeriodSeconds: 0 })));
  });
});
