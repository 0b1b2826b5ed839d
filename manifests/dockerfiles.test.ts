// What rebuilding an image costs follows from what each stage of its Dockerfile copies.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { projectFolder } from '../local_cluster/install/cache.ts';

/** One stage of a Dockerfile. */
interface Stage {
  name: string;
  /** The stage or the image that it begins with. */
  base: string;
  copied: string[];
  commands: string[];
}

/** The stages of a Dockerfile, and the defaults of the arguments before the first of them. */
function readDockerfile(file: string): { defaults: Record<string, string>; stages: Stage[] } {
  const text = readFileSync(path.join(projectFolder, file), 'utf8').replaceAll(/\\\n/g, ' ');
  const defaults: Record<string, string> = {};
  const stages: Stage[] = [];
  for (const line of text.split('\n')) {
    const [instruction, ...rest] = line.trim().split(/\s+/);
    const stage = stages.at(-1);
    if (instruction === 'ARG' && !stage) {
      const [name = '', value = ''] = rest.join(' ').split('=');
      defaults[name] = value;
    } else if (instruction === 'FROM') {
      stages.push({ name: rest[2] ?? '', base: rest[0]!, copied: [], commands: [] });
    } else if (instruction === 'COPY' && !rest[0]!.startsWith('--from')) {
      stage!.copied.push(...rest.slice(0, -1));
    } else if (instruction === 'RUN') {
      stage!.commands.push(rest.join(' '));
    }
  }
  return { defaults, stages };
}

/** Every file of the project that has a part in whether a stage's commands run again, those of its base included. */
function copiedInto(stages: Stage[], stage: Stage): string[] {
  const base = stages.find(({ name }) => name === stage.base);
  return [...(base ? copiedInto(stages, base) : []), ...stage.copied];
}

test('Editing a program of the jobs fetches nothing, and trains anew only if it is part of the training', () => {
  const { stages } = readDockerfile('model_config/Dockerfile');
  const programsWhere = (command: RegExp) =>
    stages
      .filter(({ commands }) => commands.some((text) => command.test(text)))
      .map((stage) => copiedInto(stages, stage).filter((file) => /\.py$|^\.$|^\*/.test(file)));
  expect(programsWhere(/pip install/)).toEqual([[], []]);
  expect(programsWhere(/fetch_originals\.py/)).toEqual([['fetch_originals.py']]);
  expect(programsWhere(/train\.py/)).toEqual([['pretrain.py', 'train.py', 'models.py', 'utils.py']]);
});

test("The services' image has the folder of each tier, and the list of datasets that they read", () => {
  const { stages } = readDockerfile('tier_service/Dockerfile');
  const folders = readdirSync(projectFolder).filter((name) =>
    existsSync(path.join(projectFolder, name, 'app/tier.ts')),
  );
  expect(folders.length).toBeGreaterThanOrEqual(2);
  expect(stages.at(-1)!.copied).toEqual(expect.arrayContaining([...folders, 'model_config/datasets.json']));
  const [packages] = stages;
  expect(packages!.copied).toEqual(expect.arrayContaining(folders.map((folder) => `${folder}/package.json`)));
});

test('The services run on the very Node that the tests run on', () => {
  const { defaults } = readDockerfile('tier_service/Dockerfile');
  const { dependencies } = JSON.parse(readFileSync(path.join(projectFolder, 'package.json'), 'utf8'));
  expect(defaults.NODE_IMAGE).toBe(`node:${dependencies.node}-slim`);
  expect(process.versions.node).toBe(dependencies.node);
});
