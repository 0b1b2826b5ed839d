// Which Python the benchmark runs.

import { access } from 'node:fs/promises';
import { join } from 'node:path';

/** The Python that the installer made for the project; an Error that says what to do when there is none. */
export async function findPython(projectFolder: string): Promise<string> {
  const python = join(projectFolder, '.mesh', 'python', 'bin', 'python');
  try {
    await access(python);
    return python;
  } catch {
    throw new Error(`there is no ${python}: run npm start once, or say --python FILE`);
  }
}
