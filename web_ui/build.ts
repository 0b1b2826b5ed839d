/**
 * Builds the page for browsers, with a compressed copy beside each file that is worth it.
 *
 *     node web_ui/build.ts FOLDER
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { brotliCompressSync, gzipSync, constants as zlib } from 'node:zlib';
import { build } from 'vite';

// Whoever calls it may run for tests or for development; React would be built for that too.
process.env.NODE_ENV = 'production';
const folder = path.resolve(process.argv[2] ?? path.join(import.meta.dirname, 'dist'));
await build({
  configFile: path.join(import.meta.dirname, 'vite.config.ts'),
  build: { outDir: folder, emptyOutDir: true },
  logLevel: 'warn',
});
for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
  if (/\.(?:js|css|html|svg)$/.test(name)) compress(path.join(folder, name));
}

function compress(file: string): void {
  const content = readFileSync(file);
  const params = {
    [zlib.BROTLI_PARAM_QUALITY]: zlib.BROTLI_MAX_QUALITY,
    [zlib.BROTLI_PARAM_SIZE_HINT]: content.length,
  };
  writeFileSync(`${file}.br`, brotliCompressSync(content, { params }));
  writeFileSync(`${file}.gz`, gzipSync(content, { level: zlib.Z_BEST_COMPRESSION }));
}
