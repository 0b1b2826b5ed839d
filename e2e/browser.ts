// A real Chromium for tests, from the package registry alone. The package is made for machines that have nothing: it
// brings the libraries and the fonts that a bare Debian lacks, but looks for them in places of its own.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inflate } from '@sparticuz/chromium';
import { type BrowserContext, chromium } from 'playwright-core';
import { hashInputs, keep } from '../local_cluster/install/cache.ts';

/** Why there is no browser for this machine; undefined where there is one. */
export const noBrowser =
  process.platform === 'linux' && process.arch === 'x64'
    ? undefined
    : `there is no browser in the package registry for ${process.platform} on ${process.arch}`;

const browserPackage = path.resolve(import.meta.dirname, '../node_modules/@sparticuz/chromium');
const archives = ['chromium.br', 'fonts.tar.br', 'swiftshader.tar.br', 'al2023.tar.br'];

/**
 * Starts the browser, unpacked in the cache folder, with a profile of its own.
 * @param hosts addresses by name, for names that only this browser is to know
 * @returns its only context, and how to end it, which leaves nothing behind but the cache
 */
export async function startBrowser({
  hosts = {},
}: {
  hosts?: Record<string, string>;
}): Promise<{ context: BrowserContext; stop: () => Promise<void> }> {
  const installed = await unpack();
  const home = mkdtempSync(path.join(tmpdir(), 'ml-job-mesh-browser-'));
  writeFileSync(path.join(home, 'fonts.conf'), fontConfiguration(installed, home));
  const stop = async () => rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  const rules = Object.entries(hosts).map(([name, address]) => `MAP ${name} ${address}`);
  try {
    const context = await chromium.launchPersistentContext(path.join(home, 'profile'), {
      executablePath: path.join(installed, 'chromium'),
      // Neither a zygote nor a graphics card: containers may have neither.
      args: ['--no-zygote', '--disable-gpu', `--host-resolver-rules=${rules}`],
      env: {
        PATH: process.env.PATH,
        HOME: home,
        TMPDIR: home,
        FONTCONFIG_FILE: path.join(home, 'fonts.conf'),
        LD_LIBRARY_PATH: path.join(installed, 'al2023', 'lib'),
      },
    });
    return { context, stop: () => context.close().finally(stop) };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Gives the folder with the browser and all that belongs to it. */
async function unpack(): Promise<string> {
  const manifest = path.join(browserPackage, 'package.json');
  const hash = hashInputs([process.arch, { file: manifest, content: readFileSync(manifest) }]);
  const { folder } = await keep('chromium', hash, async (unfinished) => {
    // The package knows no other place to unpack to than the folder for temporary files.
    const { TMPDIR } = process.env;
    process.env.TMPDIR = unfinished;
    try {
      await Promise.all(archives.map((archive) => inflate(path.join(browserPackage, 'bin', archive))));
    } finally {
      if (TMPDIR === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = TMPDIR;
    }
  });
  return folder;
}

function fontConfiguration(installed: string, home: string): string {
  const cache = path.join(home, 'font-cache');
  mkdirSync(cache);
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${path.join(installed, 'fonts')}</dir>
  <cachedir>${cache}</cachedir>
</fontconfig>
`;
}
