// `npm run bench NAME [-- OPTIONS]`: each benchmark is a module bench/NAME/NAME.ts that exports `run(args)`.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const folder = import.meta.dirname;
const benchmarks = readdirSync(folder).filter((name) => existsSync(join(folder, name, `${name}.ts`)));
const [name, ...args] = process.argv.slice(2);

if (name === undefined || !benchmarks.includes(name)) {
  if (name !== undefined) console.error(`error: there is no benchmark ${name}`);
  console.error(`usage: npm run bench NAME [-- OPTIONS], where NAME is one of: ${benchmarks.join(', ')}`);
  process.exit(2);
}

try {
  const benchmark: { run(args: string[]): Promise<void> } = await import(join(folder, name, `${name}.ts`));
  await benchmark.run(args);
} catch (error) {
  console.error(`error: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
