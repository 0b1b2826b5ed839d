/**
 * The answer to `/config`, kept ready: every pod as a piece of JSON, in order of namespace and name, cut into
 * small segments whose bytes are remembered. A changed pod costs its own segment and one copy of the whole,
 * and nothing at all where no field shown has changed, so that ten thousand pods stay cheap.
 */

/** A pod as `/config` shows it. */
export interface PodRow {
  /** `null` until the pod has been scheduled. */
  node: string | null;
  /** `null` until the pod has an address. */
  ip: string | null;
  namespace: string;
  name: string;
  /** The pod's phase. */
  status: string;
}

interface Segment {
  /** Sorted. */
  keys: string[];
  /** The JSON of the pod with the key at the same place. */
  pieces: string[];
  /** The pieces joined, until one of them changes. */
  bytes?: Buffer | undefined;
}

const SEGMENT_LIMIT = 256;
const HEAD = Buffer.from('{"pods":[');
const COMMA = Buffer.from(',');
const TAIL = Buffer.from(']}');

/** A sorted table of pods that renders itself as the JSON text `{"pods":[…]}`. */
export class PodTable {
  #segments: Segment[] = [];
  #rendered: Buffer | undefined;

  /** Adds a pod, or puts it in the place of the one of the same namespace and name. */
  set(row: PodRow): void {
    const { node, ip, namespace, name, status } = row;
    const piece = JSON.stringify({ node, ip, namespace, name, status });
    const { segment, index, found } = this.#locate(keyOf(namespace, name));
    if (found) {
      if (segment.pieces[index] === piece) return;
      segment.pieces[index] = piece;
    } else {
      segment.keys.splice(index, 0, keyOf(namespace, name));
      segment.pieces.splice(index, 0, piece);
    }
    this.#touch(segment);
    if (segment.keys.length > SEGMENT_LIMIT) this.#split(segment);
  }

  /** Takes a pod out; one that isn't there is no error. */
  delete(namespace: string, name: string): void {
    const { segment, index, found } = this.#locate(keyOf(namespace, name));
    if (!found) return;
    segment.keys.splice(index, 1);
    segment.pieces.splice(index, 1);
    this.#touch(segment);
    if (segment.keys.length === 0) this.#segments.splice(this.#segments.indexOf(segment), 1);
  }

  /** Several tables as one JSON text, one after the other. */
  static renderTogether(tables: PodTable[]): Buffer {
    return join(tables.flatMap((table) => [...table.#segmentBytes()]));
  }

  /** The whole table; the same buffer until something changes, and never written to again. */
  render(): Buffer {
    this.#rendered ??= join(this.#segmentBytes());
    return this.#rendered;
  }

  *#segmentBytes(): Generator<Buffer> {
    for (const segment of this.#segments) {
      segment.bytes ??= Buffer.from(segment.pieces.join(','));
      if (segment.bytes.length > 0) yield segment.bytes;
    }
  }

  #touch(segment: Segment): void {
    segment.bytes = undefined;
    this.#rendered = undefined;
  }

  /** Where a key is, or would have to be. */
  #locate(key: string): { segment: Segment; index: number; found: boolean } {
    if (this.#segments.length === 0) this.#segments.push({ keys: [], pieces: [] });
    const after = firstWhere(this.#segments.length, (at) => (this.#segments[at]!.keys[0] ?? '') > key);
    const segment = this.#segments[Math.max(after - 1, 0)]!;
    const index = firstWhere(segment.keys.length, (at) => segment.keys[at]! >= key);
    return { segment, index, found: segment.keys[index] === key };
  }

  #split(segment: Segment): void {
    const half = segment.keys.length >> 1;
    const upper: Segment = { keys: segment.keys.splice(half), pieces: segment.pieces.splice(half) };
    this.#segments.splice(this.#segments.indexOf(segment) + 1, 0, upper);
  }
}

function join(segments: Iterable<Buffer>): Buffer {
  const parts: Buffer[] = [HEAD];
  for (const bytes of segments) {
    if (parts.length > 1) parts.push(COMMA);
    parts.push(bytes);
  }
  parts.push(TAIL);
  return Buffer.concat(parts);
}

/** NUL sorts before every character of a name, so that `a` comes before `a-b`. */
function keyOf(namespace: string, name: string): string {
  return `${namespace}\0${name}`;
}

/** The first index below `length` for which the condition holds, `length` if none; it must hold from there on. */
function firstWhere(length: number, condition: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (condition(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
