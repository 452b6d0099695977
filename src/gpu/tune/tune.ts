import { median } from '../../quantile.ts';
import type { Choose, Tape, Way } from '../../tape/tape.ts';
import type { Device } from '../device.ts';
import { type Prepared, prepare } from '../program/prepare.ts';
import { profile } from '../program/profile.ts';
import { createScratch } from '../scratch.ts';

/** What was measured of one problem. */
export interface Tuned {
  /** The op and its problem, as `Target.measured` has them. */
  readonly key: string;
  /** What the shape alone suggests, and its milliseconds in a run of the tape, all its launches together. */
  readonly plain: string;
  readonly plainTime: number;
  /** The fastest; the plain choice unless another one wins by more than noise. */
  readonly best: string;
  readonly bestTime: number;
  /** How many ways there was no time to measure. */
  readonly leftOut: number;
}

/** How long to measure. */
export interface TuneOptions {
  /** Runs of each candidate. */
  readonly rounds?: number;
  /** After so many seconds no further way is prepared and no further round begun; the first two are in any case. */
  readonly seconds?: number;
}

/** What is expected to take this many times as long as the best is not measured. */
const HOPELESS = 2;

/** A candidate has to win by this factor, and each of its rounds against the plain choice's median, or that one stays. */
const NOISE = 0.97;

/**
 * Measures the candidates of a tape's own problems, where their ops tell how long each should take, and notes the fastest
 * in `device.measured`, from where tapes recorded later take them. Problems that are there already are not measured again.
 * `record` makes the tape under a choice: the tape is recorded with every problem in its first way, again with every
 * problem in its second, and so on; these take turns, and a way's time is the median of its rounds. Inputs keep what they
 * hold, and the tape's lasting tensors are written: use a copy of what must not change.
 */
export async function tune(
  device: Device,
  record: (choose: Choose) => Tape,
  { rounds = 3, seconds = Number.POSITIVE_INFINITY }: TuneOptions = {},
): Promise<Tuned[]> {
  const started = performance.now();
  const isTimeUp = () => performance.now() - started > 1e3 * seconds;
  const plain = recordWays(device, record, 0);
  const most = Math.max(0, ...plain.sites.map(({ ways }) => ways.length));
  if (most === 0) return [];
  const turns: Turn[] = [];
  // Of its own, since a turn may have to wait for each dispatch and others would use shared memory meanwhile.
  const scratch = createScratch(device.gpu);
  try {
    for (let way = 0; way < most && (way < 2 || !isTimeUp()); way++) {
      const { tape, sites } = way === 0 ? plain : recordWays(device, record, way);
      turns.push({ sites: sitesWithDispatches(tape, sites), prepared: await prepare({ ...device, scratch }, tape) });
    }
    const times = await timesOf(device, turns, rounds, isTimeUp);
    const open = new Map(plain.sites.map(({ key, ways }) => [key, ways.length]));
    const tuned = [...times].map(([key, ways]) => best(key, ways, open.get(key) ?? 0));
    for (const { key, best } of tuned) device.measured.set(key, best);
    return tuned;
  } finally {
    for (const { prepared } of turns) prepared.destroy();
    scratch.destroy();
  }
}

/** The tape with every problem in one of its ways. */
interface Turn {
  readonly sites: readonly Site[];
  readonly prepared: Prepared;
}

/** Milliseconds of each round, by problem and way. */
async function timesOf(
  device: Device,
  turns: readonly Turn[],
  rounds: number,
  isTimeUp: () => boolean,
): Promise<Map<string, Map<string, number[]>>> {
  const times = new Map<string, Map<string, number[]>>();
  /** Executions of each turn's dispatches that the adapter's clock can tell. */
  const executions = new Map<Turn, readonly number[]>();
  for (let round = -1; round < rounds && (round < 1 || !isTimeUp()); round++)
    for (const turn of round % 2 === 0 ? turns : [...turns].reverse()) {
      const { sites, prepared } = turn;
      const { commands } = prepared.bind();
      // The first round pays for memory and, on some drivers, compilation.
      if (round < 0) {
        await profile(device, commands, { times: commands.map(() => 1) });
        continue;
      }
      const run = await profile(device, commands, { times: executions.get(turn) });
      executions.set(
        turn,
        run.times.map(({ times }) => times),
      );
      const taken = new Map(
        prepared.planned.dispatches.map((dispatch, i) => [dispatch, run.times[i]?.nanoseconds ?? 0]),
      );
      const sums = new Map<string, { key: string; name: string; sum: number }>();
      for (const { key, name, dispatches } of sites) {
        const entry = sums.get(key) ?? { key, name, sum: 0 };
        for (const dispatch of dispatches) entry.sum += (taken.get(dispatch) ?? 0) / 1e6;
        sums.set(key, entry);
      }
      for (const { key, name, sum } of sums.values()) {
        const ways = times.get(key) ?? new Map<string, number[]>();
        times.set(key, ways.set(name, [...(ways.get(name) ?? []), sum]));
      }
    }
  return times;
}

/** A choice made while a tape was recorded. */
interface Site {
  readonly key: string;
  readonly name: string;
  readonly ways: readonly Way[];
  /** Of the tape, when the choice was made. */
  readonly from: number;
  readonly dispatches: Tape['dispatches'];
}

/** Records with every open problem in its `index`-th way, or in its plain one where it has fewer. */
function recordWays({ measured }: Device, record: (choose: Choose) => Tape, index: number) {
  const sites: Site[] = [];
  const tape = record((op, problem, all, from) => {
    const key = `${op} ${problem}`;
    const ways = measured.has(key) ? [] : worthMeasuring(all);
    const way = ways[index] ?? ways[0];
    if (!way) return measured.get(key);
    sites.push({ key, name: way.name, ways, from, dispatches: [] });
    return way.name;
  });
  return { tape, sites };
}

/** The plain choice, which comes first, and what may beat it; nothing where there is no choice or no estimate. */
function worthMeasuring(ways: readonly Way[]): readonly Way[] {
  const timed = ways.filter(({ time }) => time !== undefined);
  const least = Math.min(...timed.map(({ time = 0 }) => time));
  const open = timed.filter((way) => way === ways[0] || (way.time ?? 0) <= HOPELESS * least);
  return open.length > 1 ? open : [];
}

/**
 * A choice's dispatches: those until the next choice that belong to the same pass of the same layer as the first of them,
 * which prepares operands or sums partials in kernels of other families too.
 */
const sitesWithDispatches = ({ dispatches }: Tape, sites: readonly Site[]): Site[] =>
  sites.map((site, index) => {
    const following = dispatches.slice(site.from, sites[index + 1]?.from);
    const [first] = following;
    const end = following.findIndex(({ label }) => passOf(label) !== passOf(first?.label ?? ''));
    return { ...site, dispatches: end < 0 ? following : following.slice(0, end) };
  });

/** `layer1.0.conv1 conv2d.wgrad.sum` belongs to `layer1.0.conv1 conv2d.wgrad`. */
const passOf = (label: string): string => label.replace(/\.(sum|transpose)$/, '');

/** The plain way is the first that was measured. */
function best(key: string, ways: ReadonlyMap<string, readonly number[]>, open: number): Tuned {
  const medians = [...ways].map(([name, times]) => ({ name, time: median(times) }));
  const [plain = { name: '', time: 0 }] = medians;
  const fastest = medians.reduce((a, b) => (b.time < a.time ? b : a), plain);
  const always = ways.get(fastest.name)?.every((time) => time < plain.time);
  const winner = always && fastest.time < NOISE * plain.time ? fastest : plain;
  return {
    key,
    plain: plain.name,
    plainTime: plain.time,
    best: winner.name,
    bestTime: winner.time,
    leftOut: open - ways.size,
  };
}
