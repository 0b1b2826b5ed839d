// What the images are, read in the registry as anyone would who pulls them.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { createGunzip } from 'node:zlib';
import { expect, test } from 'vitest';
import { images } from '../../deployment/images/images.ts';
import { registry } from '../layout.ts';

/** Of a manifest, and of the image's description that it names. Source: OCI image specification 1.1. */
interface Manifest {
  config: { digest: string };
  layers: { digest: string; size: number }[];
}
interface ImageConfig {
  config: { User: string; Entrypoint: string[]; Cmd?: string[]; WorkingDir: string };
}

const manifestType = 'application/vnd.oci.image.manifest.v1+json';

async function get(image: string, what: string): Promise<Response> {
  const answer = await fetch(`http://${registry}/v2/${image}/${what}`, { headers: { accept: manifestType } });
  expect([what, answer.status]).toEqual([what, 200]);
  return answer;
}

/** The files in a layer, by path, and its size unpacked. What is empty, such as the place of a mount, is left out. */
async function readLayer(image: string, digest: string): Promise<{ files: string[]; bytes: number }> {
  const { body } = await get(image, `blobs/${digest}`);
  const tar = spawn('tar', ['--list', '--verbose'], { stdio: ['pipe', 'pipe', 'inherit'] });
  let bytes = 0;
  const count = async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      bytes += chunk.length;
      yield chunk;
    }
  };
  const source = Readable.fromWeb(body as ReadableStream);
  const [listed] = await Promise.all([text(tar.stdout), pipeline(source, createGunzip(), count, tar.stdin)]);
  const lines = [...listed.matchAll(/^\S+ \S+ +(\d+) \S+ \S+ (?:\.?\/)?(.+)$/gm)];
  return { files: lines.filter(([, size]) => size !== '0').map(([, , file]) => file!), bytes };
}

/** What package managers and builds leave behind, and what belongs to tests. */
const leftovers = [
  /^root\/\.(npm|cache|local|config)/,
  /^run\/registry/,
  /^(tmp|pnpm)\/.+/,
  /^etc\/pip\.conf$/,
  /^var\/cache\/apt\/.+\.(deb|bin)$/,
  /^var\/lib\/apt\/lists\/.*_/,
  /^opt\/(pip|photo|venv\/(bin\/pip|lib\/[^/]*\/site-packages\/pip\/))/,
  /^usr\/local\/(bin\/pnpm|lib\/node_modules\/pnpm)/,
  /^app\/(\.npmrc|pnpm-lock\.yaml|originals)/,
  /^app\/node_modules\/.*(\.d\.[cm]?ts|\.map|\/node\/bin\/node)$/,
  /^app\/(?!node_modules\/).*(\.test\.ts|\/testing\/|\/test_[^/]*\.py)$/,
];

const commands: Record<string, [entrypoint: string[], cmd: string[] | undefined]> = {
  services: [['node'], undefined],
  'prediction-service': [['node'], ['prediction_service/server.ts']],
  'web-ui': [['node'], ['web_ui/server.ts']],
  'web-tier': [['envoy'], ['-c', '/etc/envoy/web_tier_envoy.yaml', '--disable-hot-restart']],
  'model-config': [['python'], ['classify.py']],
};

test.each(images)(
  'the image $name runs as a user without rights, and holds nothing of what made it',
  async ({ name }) => {
    const answer = await get(name, 'manifests/latest');
    const body = await answer.text();
    const digest = `sha256:${createHash('sha256').update(body).digest('hex')}`;
    expect(answer.headers.get('docker-content-digest')).toBe(digest);
    const manifest = JSON.parse(body) as Manifest;
    const { config } = (await (await get(name, `blobs/${manifest.config.digest}`)).json()) as ImageConfig;
    const { User, Entrypoint, Cmd } = config;
    expect([User, Entrypoint, Cmd]).toEqual(['10001:10001', ...commands[name]!]);
    const layers = await Promise.all(manifest.layers.map((layer) => readLayer(name, layer.digest)));
    const files = layers.flatMap((layer) => layer.files);
    expect(files.length).toBeGreaterThan(1_000);
    expect(files.filter((file) => leftovers.some((pattern) => pattern.test(file)))).toEqual([]);
    const [pulled, unpacked] = [manifest.layers.map(({ size }) => size), layers.map(({ bytes }) => bytes)].map(
      megabytes,
    );
    console.log(`${name}: ${pulled} MB to pull, ${unpacked} MB unpacked`);
  },
);

function megabytes(bytes: number[]): string {
  return (bytes.reduce((sum, each) => sum + each, 0) / 1e6).toFixed(0);
}
