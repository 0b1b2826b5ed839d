/**
 * `npm run bench autoscaling`: draws docs/images/autoscaling.svg from what the last `npm run test:containers` here, or a
 * run of its check on a rig that is up, has written down.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { AutoscalingSeries } from '../../container_rig/checks/autoscaling/series.ts';
import { projectFolder } from '../../local_cluster/install/cache.ts';
import { drawAutoscaling } from './plot.ts';

export async function run([file = path.join(projectFolder, '.rig', 'autoscaling.json')]: string[]): Promise<void> {
  if (!existsSync(file)) throw new Error(`there is no ${file}: run container_rig/checks/autoscaling on a rig first`);
  const picture = path.join(projectFolder, 'docs', 'images', 'autoscaling.svg');
  writeFileSync(picture, `${drawAutoscaling(JSON.parse(readFileSync(file, 'utf8')) as AutoscalingSeries)}\n`);
  console.log(`drawn: ${path.relative(projectFolder, picture)}`);
}
