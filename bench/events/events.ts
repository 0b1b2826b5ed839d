// `npm run bench events`: what an event of the cluster costs a tier with 10,000 jobs in its queue, beside 10.
//
// In one process and without a cluster: the watches' bytes are made here, and go through the tier's own code (watch,
// index, admission, records, listeners' hub). A patch that the tier sends comes back as an event, as it would. What is
// counted is this process' processor time, so other programs on the machine hardly matter; making the events is in it.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describeTarget, verdict } from '../measure/target.ts';
import { number, numbers, readOptions } from '../setup/options.ts';
import { markdownTable, median } from '../table.ts';
import { startQueueUnderTest } from './queue-under-test.ts';

const options = {
  lengths: numbers('lengths of the queue to compare', [10, 10_000]),
  jobs: number('jobs that pass through the queue in a round', 500, 50),
  rounds: number('', 7, 1),
};

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

const target = { atMost: 1.5 };

interface Round {
  /** Processor time for each event, in microseconds. */
  eventUs: number;
  events: number;
}

/** Runs the benchmark and prints its table. Takes the command line's options. */
export async function run(args: string[]): Promise<void> {
  const given = readOptions('events', args, options, 'one short round, to see that it works');
  if (!given) return;
  const { lengths, jobs, rounds } = given;

  const results = new Map<number, Round[]>(lengths.map((length) => [length, []]));
  // A round that does not count, and then in turns, so that what else the machine does falls on both.
  for (let turn = 0; turn <= rounds; turn++) {
    for (const length of lengths) {
      const round = await playRound(length, jobs);
      if (turn > 0) results.get(length)!.push(round);
      console.error(`round ${turn}, ${length} queued: ${round.eventUs.toFixed(1)} µs an event`);
    }
  }
  const middle = (length: number) => median(results.get(length)!.map(({ eventUs }) => eventUs));
  const [least, most] = [lengths[0]!, lengths.at(-1)!];
  const ratio = middle(most) / middle(least);
  const rows = lengths.map((length) => [
    `${length} jobs wait: CPU an event`,
    `${middle(length).toFixed(1)} µs`,
    '',
    '',
  ]);
  rows.push([`${most} / ${least}`, ratio.toFixed(2), describeTarget(target), verdict(ratio, target)]);
  const events = results.get(least)![0]!.events;
  console.log(`\nMedians of ${rounds} rounds of ${jobs} jobs that pass through the queue, ${events} events.\n`);
  console.log(markdownTable(['', 'measured', 'target', ''], rows));
}

async function playRound(length: number, jobs: number): Promise<Round> {
  const queue = await startQueueUnderTest(length);
  try {
    for (let turn = 0; turn < 20; turn++) await queue.passOne();
    // What making ten thousand jobs has left behind is not the events' to clear away.
    collectGarbage();
    const eventsBefore = queue.events();
    const before = process.cpuUsage();
    for (let turn = 0; turn < jobs; turn++) await queue.passOne();
    const { user, system } = process.cpuUsage(before);
    const events = queue.events() - eventsBefore;
    return { eventUs: (user + system) / events, events };
  } finally {
    queue.stop();
  }
}
