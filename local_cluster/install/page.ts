/** The page's files for browsers, built when one of its sources has changed, in `web_ui/dist`. */
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { hashInputs, keep, projectFolder } from './cache.ts';
import { runCommand } from './run-command.ts';
import type { StepContext, StepResult } from './step-runner.ts';
import { nameUnfinished, removeAbandoned, removeFolder } from './unfinished.ts';

const pageFolder = path.join(projectFolder, 'web_ui');
/** Sources of the page, in its folder. */
const own = ['src', 'public', 'index.html', 'vite.config.ts', 'tsconfig.json', 'build.ts'];
/** What the page shares with others, and which packages it is built with; a test compares this with what a build reads. */
export const sharedSources = [
  'mesh_client/event-stream.ts',
  'model_config/datasets.json',
  'tier_service/state/progress-line.ts',
  'tier_service/tier-names.ts',
  'pnpm-lock.yaml',
  'tsconfig.json',
];

/**
 * Finds or builds the page. Gives the folder that is served.
 * @param built where it is to be found, for `server.ts`
 */
export async function installPage(
  context: Pick<StepContext, 'say' | 'signal'>,
  built = path.join(pageFolder, 'dist'),
): Promise<StepResult<string>> {
  const hash = hashInputs(listSources().flatMap((name) => [name, { file: name, content: readSource(name) }]));
  const { folder, fresh } = await keep(
    'page',
    hash,
    async (unfinished) => {
      await runCommand(process.execPath, [path.join(pageFolder, 'build.ts'), unfinished], {
        signal: context.signal,
        onLine: context.say,
      });
      writeFileSync(path.join(unfinished, '.sources'), hash);
    },
    { signal: context.signal, onWait: () => context.say('another installation is building it; waiting') },
  );
  if (builtFrom(built) !== hash) replaceFolder(built, folder);
  return { value: built, done: fresh ? 'built' : undefined };
}

/** All files that decide what is built, by their paths in the project. Tests are none of them. */
function listSources(): string[] {
  const inPage = own.flatMap((name) => {
    const inside = name.includes('.')
      ? [name]
      : listFiles(path.join(pageFolder, name)).map((file) => `${name}/${file}`);
    return inside.map((file) => `web_ui/${file}`);
  });
  return [...inPage.filter((file) => !/\.test\.tsx?$/.test(file)).sort(), ...sharedSources];
}

function listFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)));
}

function readSource(name: string): Buffer {
  return readFileSync(path.join(projectFolder, name));
}

function builtFrom(built: string): string | undefined {
  const file = path.join(built, '.sources');
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

/** Puts a copy of a folder in the place of another, which is there whole or not at all. */
function replaceFolder(place: string, source: string): void {
  removeAbandoned(path.dirname(place));
  const unfinished = nameUnfinished(place);
  try {
    cpSync(source, unfinished, { recursive: true });
    removeFolder(place);
    renameSync(unfinished, place);
  } catch (error) {
    // Another start of the same clone was first, with the same page.
    if (builtFrom(place) !== builtFrom(source)) throw error;
  } finally {
    removeFolder(unfinished);
  }
}
