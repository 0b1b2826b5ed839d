// Takes a part of the control plane away for a while: killed without warning, and not started again meanwhile.
import { setTimeout as sleep } from 'node:timers/promises';
import { vi } from 'vitest';
import { cluster } from '../mesh.ts';
import { pidOf } from './mesh-processes.ts';

export type Component = 'kube-apiserver' | 'etcd';

/**
 * Kills a component of the mesh and holds its supervisor, which would start it again at once; returns when the API
 * server answers again.
 * @returns when it was killed, let go, and ready again, in milliseconds of `performance.now()`
 */
export async function outage(component: Component, ms: number): Promise<{ from: number; to: number; readyAt: number }> {
  const pid = pidOf(component);
  const supervisor = pidOf('supervisor');
  process.kill(supervisor, 'SIGSTOP');
  try {
    process.kill(pid, 'SIGKILL');
    const from = performance.now();
    await sleep(ms);
    const to = performance.now();
    process.kill(supervisor, 'SIGCONT');
    await vi.waitFor(() => cluster.text('/readyz', { timeoutMs: 1_000 }), { timeout: 60_000, interval: 100 });
    return { from, to, readyAt: performance.now() };
  } finally {
    process.kill(supervisor, 'SIGCONT');
  }
}
