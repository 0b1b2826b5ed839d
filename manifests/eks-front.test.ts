// How the front leaves on EKS, with its own hook and a real Envoy; the time that it waits is the test's.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { V1Deployment } from '@kubernetes/client-node';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { startFront } from '../web_tier/testing/front.ts';
import { call } from '../web_tier/testing/real-envoy.ts';

test('A front that leaves fails its health checks at once, and still takes new connections while its load balancer learns of it', async () => {
  const { spec }: V1Deployment = parse(await readFile(new URL('overlays/eks/web-tier.yaml', import.meta.url), 'utf8'));
  const [program, ...args] = spec!.template.spec!.containers[0]!.lifecycle!.preStop!.exec!.command!;
  const untilTold = args.map((text) =>
    text.replace(/^sleep 135;$/m, 'warn "waiting\\n"; <STDIN>;').replace('sleep 12;', ''),
  );
  expect(untilTold).not.toEqual(args);
  const front = await startFront();
  const hook = spawn(program!, untilTold, { cwd: front.folder });
  const ended = once(hook, 'exit');
  try {
    expect((await call(front.probePort, { path: '/healthz' })).status).toBe(200);
    const [said] = await once(hook.stderr, 'data');
    expect(String(said)).toBe('waiting\n');
    expect((await call(front.probePort, { path: '/healthz' })).status).toBe(503);
    const { status, headers } = await front.call({ path: '/free/jobs', headers: { connection: 'keep-alive' } });
    expect([status, headers.connection]).toEqual([200, 'close']);
    hook.stdin.end('\n');
    expect(await ended).toEqual([0, null]);
  } finally {
    hook.kill();
    await front.stop();
  }
});
