// Whether all services predict the same: a comparison of speeds means nothing without it.
import type { Contestant } from './contestants.ts';
import { asBytes, asForm, type Upload } from './uploads.ts';

export interface ClassProbability {
  class: number;
  probability: number;
}

/** Float32 arithmetic in another order. */
const tolerance = 1e-4;

/**
 * Compares what the services say about each of the images with what the first of them says.
 * @throws Error that names the service and the image where they differ
 */
export async function requireSamePredictions(
  [mesh, ...others]: readonly [Contestant, ...Contestant[]],
  images: readonly Buffer[],
): Promise<void> {
  for (const [i, image] of images.entries()) {
    const expected = await predict(mesh, '/predict', asForm(image, mesh.field));
    for (const contestant of [mesh, ...others]) {
      const answers = [await predict(contestant, '/predict', asForm(image, contestant.field))];
      if (contestant.bytesPath) answers.push(await predict(contestant, contestant.bytesPath, asBytes(image)));
      for (const answer of answers) {
        const difference = differenceOf(answer, expected);
        if (difference) throw new Error(`${contestant.name} predicts otherwise for test image ${i}: ${difference}`);
      }
    }
  }
}

/** What is different about two lists of classes, best first; undefined where they are the same within the tolerance. */
export function differenceOf(
  found: readonly ClassProbability[],
  expected: readonly ClassProbability[],
): string | undefined {
  if (found.length !== expected.length) return `${found.length} classes instead of ${expected.length}`;
  for (const [place, { class: wanted, probability }] of expected.entries()) {
    const there = found.find((each) => each.class === wanted)?.probability ?? Number.NaN;
    if (!(Math.abs(there - probability) <= tolerance)) return `class ${wanted} has ${there} instead of ${probability}`;
    // Where two are equally probable, either may be first.
    const here = found[place]!;
    if (!(Math.abs(here.probability - probability) <= tolerance)) return `class ${here.class} is at place ${place + 1}`;
  }
  if (found[0]!.class !== expected[0]!.class) return `class ${found[0]!.class} instead of ${expected[0]!.class}`;
  return undefined;
}

async function predict(
  { url, name }: Contestant,
  path: string,
  { headers, body }: Upload,
): Promise<ClassProbability[]> {
  const answer = await fetch(url + path, { method: 'POST', headers, body: new Uint8Array(body) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${name} answers ${answer.status}: ${text.slice(0, 200)}`);
  const told = JSON.parse(text);
  // BentoML's batches are lists, in requests and answers.
  return (Array.isArray(told) ? told : told.predictions)[0].classes;
}
