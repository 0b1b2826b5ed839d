// Which Python the benchmark runs: the one that `npm start` makes for jobs, made here if it isn't there yet.

import { findPython, installPythonPackages } from '../../local_cluster/install/python.ts';
import { createStepRunner } from '../../local_cluster/install/step-runner.ts';

/** Finds or makes the environment with PyTorch and torchvision. Gives the path of its program; progress is on stderr. */
export async function preparePython(): Promise<string> {
  const { stderr } = process;
  const runner = createStepRunner({
    write: (text) => void stderr.write(text),
    isTerminal: stderr.isTTY === true,
    width: stderr.columns,
  });
  const python = runner.step('Python', [], () => findPython());
  const packages = runner.step('Python packages', [python], installPythonPackages);
  await runner.finish();
  return packages;
}
