/**
 * Gives the `cluster` tests an embedded cluster with its two nodes, in a temporary folder, or the one whose kubeconfig
 * TEST_KUBECONFIG names.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { startEmbeddedCluster } from '../embedded-cluster.ts';
import { installedControlPlane } from '../install/install.ts';
import { testOctet } from './test-octet.ts';

export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const { TEST_KUBECONFIG: given } = process.env;
  if (given) {
    project.provide('kubeconfig', given);
    project.provide('controlPlane', installedControlPlane() ?? '');
    return undefined;
  }
  const stateFolder = mkdtempSync(path.join(tmpdir(), 'ml-job-mesh-cluster-'));
  const cluster = await startEmbeddedCluster({ stateFolder, octet: testOctet, log: console.log });
  project.provide('kubeconfig', cluster.kubeconfig);
  project.provide('controlPlane', cluster.software.controlPlane);
  return async () => {
    await cluster.stop();
    rmSync(stateFolder, { recursive: true, force: true });
  };
}
