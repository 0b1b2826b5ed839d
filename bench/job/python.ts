// Which Python the benchmark runs: one that sees the packages of jobs, and torchvision besides.

import { findPython } from '../../local_cluster/install/python.ts';
import { installJobPackages, installTools } from '../../local_cluster/install/python-packages.ts';
import { lockFiles } from '../../local_cluster/install/requirements.ts';
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
  const packages = runner.step('Python packages', [python], installJobPackages);
  const tools = runner.step('torchvision', [python, packages], (context, found, sees) =>
    installTools(context, found, { name: 'bench-job', lock: lockFiles.benchJob, options: ['--no-deps'], sees }),
  );
  await runner.finish();
  return tools;
}
