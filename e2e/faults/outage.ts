// Takes a part of the control plane away for a while: killed without warning, and not started again meanwhile.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { inject, vi } from 'vitest';
import { cluster } from '../mesh.ts';

export type Component = 'kube-apiserver' | 'etcd';

/**
 * Kills a component of the mesh and holds its supervisor, which would start it again at once; returns when the API
 * server answers again.
 * @returns when it was killed, let go, and ready again, in milliseconds of `performance.now()`
 */
export async function outage(component: Component, ms: number): Promise<{ from: number; to: number; readyAt: number }> {
  const { processes } = inject('mesh');
  const pid = processes[component]!;
  const supervisor = processes.supervisor!;
  const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  if (!command.split('\0').includes(component)) throw new Error(`process ${pid} is not ${component}: ${command}`);
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
