/** The lock files of all Python packages that are installed: versions and hashes, written by `npm run lock`. */
import path from 'node:path';
import { projectFolder } from './cache.ts';

const own = (name: string) => path.join(import.meta.dirname, 'requirements', `${name}.txt`);
const inProject = (name: string) => path.join(projectFolder, name);

/** Paths of the lock files. */
export const lockFiles = {
  pip: own('pip'),
  uv: own('uv'),
  envoy: own('envoy'),
  go: own('go'),
  testTools: own('test-tools'),
  schemathesis: own('schemathesis'),
  /** Jobs, with the build of PyTorch that has CUDA. */
  jobs: inProject('model_config/requirements.txt'),
  /** Jobs, with PyTorch's CPU build, which only its own index has. */
  jobsCpu: inProject('model_config/requirements-cpu.txt'),
  /** What the network for photos is made of. */
  photoNetwork: inProject('model_config/photo_network/requirements.txt'),
  benchJob: inProject('bench/job/requirements.txt'),
  benchFlask: inProject('bench/flask/requirements.txt'),
  benchPredict: inProject('bench/predict/requirements.txt'),
  loadTesting: inProject('load-testing/requirements.txt'),
};
