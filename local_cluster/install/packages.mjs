// Before `npm start` and its like: installs the project's npm packages with pnpm, unless that was done since the lockfile or
// a package.json has changed. Runs on whatever Node the machine has, and on the packages that are not there yet.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const pnpm = 'pnpm@12.21.0';
const projectFolder = process.argv[2] ?? path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const stampFile = path.join(projectFolder, 'node_modules', '.installed');

const members = listMembers();
const stamp = createStamp();
const isThere = members.every((folder) => existsSync(path.join(folder, 'node_modules')) || !hasDependencies(folder));
if (!isThere || readIfThere(stampFile) !== stamp) process.exitCode = install();

/** Gives pnpm's exit code. The stamp goes first, so that an installation that is interrupted counts as none. */
function install() {
  rmSync(stampFile, { force: true });
  const options = { cwd: projectFolder, stdio: 'inherit' };
  const { status } = spawnSync('npx', ['--yes', pnpm, 'install', '--frozen-lockfile'], options);
  if (status === 0) {
    // After a power loss the stamp must not be there without the packages. Where the program is missing, that is risked.
    spawnSync('sync', ['-f', path.join(projectFolder, 'node_modules')]);
    writeFileSync(`${stampFile}.new`, stamp);
    renameSync(`${stampFile}.new`, stampFile);
  }
  return status ?? 1;
}

/** A hash of all that decides what is installed. */
function createStamp() {
  const files = [
    'pnpm-lock.yaml',
    'pnpm-workspace.yaml',
    ...members.map((folder) => path.join(folder, 'package.json')),
  ];
  const hash = createHash('sha256').update([pnpm, process.platform, process.arch].join('\0'));
  for (const file of files) hash.update(readFileSync(path.resolve(projectFolder, file))).update('\0');
  return hash.digest('hex');
}

/** The folders of the workspace's packages, the root's first. */
function listMembers() {
  const [, list = ''] =
    /^packages:\n((?:\s+-.*\n)+)/m.exec(readFileSync(path.join(projectFolder, 'pnpm-workspace.yaml'), 'utf8')) ?? [];
  const names = [...list.matchAll(/^\s+-\s+(\S+)$/gm)].map(([, name]) => name);
  return [projectFolder, ...names.map((name) => path.join(projectFolder, name))];
}

function hasDependencies(folder) {
  const { dependencies = {}, devDependencies = {} } = JSON.parse(
    readFileSync(path.join(folder, 'package.json'), 'utf8'),
  );
  return Object.keys({ ...dependencies, ...devDependencies }).length > 0;
}

function readIfThere(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}
