// What rebuilding an image costs follows from what each stage of its Dockerfile copies.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { projectFolder } from '../local_cluster/install/cache.ts';
import { sharedSources } from '../local_cluster/install/page.ts';

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

const nodeImages = ['tier_service', 'prediction_service', 'web_ui'];

test.each(nodeImages)('The image of %s runs on the very Node that the tests run on', (folder) => {
  const { defaults } = readDockerfile(`${folder}/Dockerfile`);
  const { dependencies } = JSON.parse(readFileSync(path.join(projectFolder, 'package.json'), 'utf8'));
  expect(defaults.NODE_IMAGE).toBe(`node:${dependencies.node}-slim`);
  expect(process.versions.node).toBe(dependencies.node);
});

test.each(nodeImages)('Editing a program of %s installs no package anew', (folder) => {
  const { stages } = readDockerfile(`${folder}/Dockerfile`);
  const packages = stages.find(({ name }) => name === 'packages')!;
  const copied = copiedInto(stages, packages).filter(
    (file) => !/(package\.json|pnpm-[a-z]+\.yaml|\.npmrc)$/.test(file),
  );
  expect(copied).toEqual([]);
});

test('The image of the page is built from all that the page is built from here', () => {
  const { stages } = readDockerfile('web_ui/Dockerfile');
  const copied = copiedInto(stages, stages.find(({ name }) => name === 'build')!);
  const isCopied = (file: string) => copied.some((one) => file === one || file.startsWith(`${one}/`));
  expect(['web_ui/src/main.tsx', ...sharedSources].filter((file) => !isCopied(file))).toEqual([]);
});

test('The composed services have the names, images and limits that they have in a cluster', () => {
  const { services } = parse(readFileSync(path.join(projectFolder, 'docker-compose.yml'), 'utf8'), { merge: true });
  for (const name of ['ml-backend', 'ml-frontend']) {
    const file = path.join(projectFolder, 'manifests/ml-pipeline', `${name}.yaml`);
    const [deployment] = parseAllDocuments(readFileSync(file, 'utf8')).map((document) => document.toJS());
    const [{ image, resources }] = deployment.spec.template.spec.containers;
    expect(services[name]).toMatchObject({
      image,
      networks: { default: { aliases: [`${name}.ml-pipeline.svc.cluster.local`] } },
      mem_limit: resources.limits.memory.replace('Gi', 'g').replace('Mi', 'm'),
      cpus: resources.limits.cpu === '1' ? 1 : 0.5,
    });
  }
  const builds = Object.values<{ build: string | { context: string; dockerfile: string } }>(services).map(
    ({ build }) => (typeof build === 'string' ? `${build}/Dockerfile` : path.join(build.context, build.dockerfile)),
  );
  expect(builds.filter((file) => !existsSync(path.join(projectFolder, file)))).toEqual([]);
});
