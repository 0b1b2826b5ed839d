// The services under load, one at a time and in turns: whatever else the machine does falls on all of them.
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { closedLoop } from '../measure/closed-loop.ts';
import { cpuMs } from '../measure/cpu-time.ts';
import type { Contestant, ContestantName } from './contestants.ts';
import { asBytes, asForm, type Upload } from './uploads.ts';

export type Form = 'form' | 'bytes';

/** One service's turn. */
export interface Turn {
  contestant: ContestantName;
  form: Form;
  connections: number;
  perSecond: number;
  latenciesMs: number[];
  /** Of all of its processes, for a request. */
  cpuMs: number;
}

export interface RoundsOptions {
  images: readonly Buffer[];
  connections: readonly number[];
  turns: number;
  /** How long a service is asked in a turn. */
  seconds: number;
  onTurn?: (turn: Turn) => void;
}

/** A service, asked in one of the ways that it understands. */
interface Entry {
  contestant: Contestant;
  form: Form;
  path: string;
  uploads: Upload[];
}

/** Plays all turns. Throws when a request fails. */
export async function playRounds(contestants: readonly Contestant[], options: RoundsOptions): Promise<Turn[]> {
  const { images, connections, turns, seconds, onTurn } = options;
  const entries = contestants.flatMap((contestant) => entriesOf(contestant, images));
  for (const entry of entries) await play(entry, 8, 2 * seconds); // Code is compiled as it is used.
  const played: Turn[] = [];
  for (let turn = 0; turn < turns; turn++) {
    for (const count of connections) {
      // Each goes first as often as any other.
      const first = turn % entries.length;
      for (const entry of [...entries.slice(first), ...entries.slice(0, first)]) {
        const result = await play(entry, count, seconds);
        played.push(result);
        onTurn?.(result);
        await sleep(100);
      }
    }
  }
  return played;
}

/** Sends images to a service over so many connections, again and again; each call rejects unless it is answered 200. */
function createSender(url: string, path: string, uploads: readonly Upload[], connections: number) {
  const pool = new Pool(url, { connections });
  let sent = 0;
  return {
    async send(): Promise<void> {
      const { headers, body } = uploads[sent++ % uploads.length]!;
      const answer = await pool.request({ method: 'POST', path, headers, body });
      await answer.body.dump();
      if (answer.statusCode !== 200) throw new Error(`answered ${answer.statusCode}`);
    },
    close: () => pool.destroy(),
  };
}

function entriesOf(contestant: Contestant, images: readonly Buffer[]): Entry[] {
  const { field, bytesPath } = contestant;
  const form: Entry = {
    contestant,
    form: 'form',
    path: '/predict',
    uploads: images.map((each) => asForm(each, field)),
  };
  if (bytesPath === undefined) return [form];
  return [form, { contestant, form: 'bytes', path: bytesPath, uploads: images.map(asBytes) }];
}

async function play({ contestant, form, path, uploads }: Entry, connections: number, seconds: number): Promise<Turn> {
  const sender = createSender(contestant.url, path, uploads, connections);
  const before = cpuMs(contestant.pids());
  const load = await closedLoop({ clients: connections, seconds }, sender.send);
  const used = cpuMs(contestant.pids()) - before;
  await sender.close();
  for (const [failure] of load.failures) throw new Error(`${contestant.name}: ${failure}`);
  const requests = load.latenciesMs.length;
  const { latenciesMs } = load;
  return {
    contestant: contestant.name,
    form,
    connections,
    perSecond: requests / load.seconds,
    latenciesMs,
    cpuMs: used / requests,
  };
}
