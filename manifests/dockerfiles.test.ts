// What rebuilding an image costs follows from what each stage of its Dockerfile copies.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { type Image, images, localRepository, localTag } from '../deployment/images/images.ts';
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

/** The stages of a Dockerfile. */
function readDockerfile(file: string): Stage[] {
  const text = readFileSync(path.join(projectFolder, file), 'utf8').replaceAll(/\\\n/g, ' ');
  const stages: Stage[] = [];
  for (const line of text.split('\n')) {
    const [instruction, ...rest] = line.trim().split(/\s+/);
    const stage = stages.at(-1);
    if (instruction === 'FROM') {
      stages.push({ name: rest[2] ?? '', base: rest[0]!, copied: [], commands: [] });
    } else if (instruction === 'COPY' && !rest[0]!.startsWith('--from')) {
      stage!.copied.push(...rest.slice(0, -1));
    } else if (instruction === 'RUN') {
      stage!.commands.push(rest.join(' '));
    }
  }
  return stages;
}

/** Every file of the project that has a part in whether a stage's commands run again, those of its base included. */
function copiedInto(stages: Stage[], stage: Stage): string[] {
  const base = stages.find(({ name }) => name === stage.base);
  return [...(base ? copiedInto(stages, base) : []), ...stage.copied];
}

test('Every image begins with an official one, by its full name and its version', () => {
  const files = [...new Set(images.map(({ dockerfile }) => dockerfile))];
  const first = files.map((file) => [file, readDockerfile(file)[0]!.base]);
  const { dependencies } = JSON.parse(readFileSync(path.join(projectFolder, 'package.json'), 'utf8'));
  expect(Object.fromEntries(first)).toEqual({
    // The very Node that the tests run on.
    Dockerfile: `docker.io/library/node:${process.versions.node}-slim`,
    'web_tier/Dockerfile.web-tier': 'docker.io/envoyproxy/envoy:v1.40.0',
    'model_config/Dockerfile': 'docker.io/library/python:3.13-slim',
  });
  expect(process.versions.node).toBe(dependencies.node);
});

test('Editing a program of the jobs fetches nothing, and trains anew only if it is part of the training', () => {
  const stages = readDockerfile('model_config/Dockerfile');
  const programsWhere = (command: RegExp) =>
    stages
      .filter(({ commands }) => commands.some((text) => command.test(text)))
      // All but lists and data: a pattern in brackets is for what need not be there.
      .map((stage) => copiedInto(stages, stage).filter((file) => !/\.(txt|json)$|\[.\]$/.test(file)));
  expect(programsWhere(/pip .*install/)).toEqual([[], []]);
  expect(programsWhere(/fetch_originals\.py/)).toEqual([['fetch_originals.py']]);
  expect(programsWhere(/train\.py/)).toEqual([
    ['pretrain.py', 'train.py', 'models.py', 'utils.py', 'model_store', 'training'],
  ]);
});

const stages = readDockerfile('Dockerfile');
const stageOf = (name: string) => stages.find((stage) => stage.name === name)!;

test("The services' image has the folder of each tier, and the list of datasets that they read", () => {
  const folders = readdirSync(projectFolder).filter((name) =>
    existsSync(path.join(projectFolder, name, 'app/tier.ts')),
  );
  expect(folders.length).toBeGreaterThanOrEqual(2);
  expect(stageOf('services').copied).toEqual(expect.arrayContaining([...folders, 'model_config/datasets.json']));
  expect(stageOf('manifests').copied).toEqual(
    expect.arrayContaining(folders.map((folder) => `${folder}/package.json`)),
  );
});

test('Editing a program of a service installs no package anew', () => {
  const installing = stages.filter(({ name }) => name.endsWith('-packages'));
  expect(installing.length).toBe(images.filter(({ dockerfile }) => dockerfile === 'Dockerfile').length);
  const copied = installing.flatMap((stage) => copiedInto(stages, stage));
  expect(copied.filter((file) => !/(package\.json|pnpm-[a-z]+\.yaml|\.npmrc)$/.test(file))).toEqual([]);
});

test('The image of the page is built from all that the page is built from here', () => {
  const copied = copiedInto(stages, stageOf('page'));
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
});

/** What Compose is told where it builds an image. */
type Build = string | { context: string; dockerfile?: string; target?: string };

test('Compose builds its images as `npm run images` does', () => {
  const { services } = parse(readFileSync(path.join(projectFolder, 'docker-compose.yml'), 'utf8'), { merge: true });
  const composed = Object.values<{ build: Build; image: string }>(services).map(({ build, image }) => {
    const {
      context,
      dockerfile = 'Dockerfile',
      target,
    }: Exclude<Build, string> = typeof build === 'string' ? { context: build } : build;
    return { image, context, dockerfile: path.join(context, dockerfile), target };
  });
  const listed = images.map((image: Image) => ({
    image: `${localRepository(image)}:${localTag}`,
    context: image.context,
    dockerfile: image.dockerfile,
    target: image.target,
  }));
  expect(listed).toEqual(expect.arrayContaining(composed));
});
