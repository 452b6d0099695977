import type { Device } from '../gpu/device.ts';
import type { Program } from '../gpu/program/program.ts';
import { median, quantile } from '../quantile.ts';

/** A median with the half of the range that the middle half of the samples covers. */
export interface Timing {
  readonly median: number;
  readonly spread: number;
  readonly samples: number;
  /** The first execution, which pays for compilation, memory and caches. */
  readonly first: number;
}

export function timingOf(samples: readonly number[], first: number): Timing {
  return {
    median: median(samples),
    spread: (quantile(samples, 0.75) - quantile(samples, 0.25)) / 2,
    samples: samples.length,
    first,
  };
}

/** Something that can be timed: runs so many times and waits until the GPU has done it all. */
export type Run = (times: number) => Promise<void>;

/** Runs a program so many times, one submission after the other, and waits for the end. */
export const runOf =
  (device: Device, program: Program): Run =>
  async (times) => {
    for (let i = 0; i < times; i++) program.run();
    await device.idle();
  };

export interface RoundOptions {
  /** Samples of each run. */
  readonly rounds: number;
  /** Milliseconds after which a run takes no further part, once it has its fewest samples: a slow one must not hold up all others. */
  readonly budget: number;
}

/** A sample should last this long, in milliseconds, so that waiting for its end weighs little. */
const SAMPLE = 25;
const MOST_TIMES = 200;

/** What a run took. */
export interface Taken {
  /** Milliseconds of the first execution, and of one execution in each sample. */
  readonly first: number;
  readonly samples: readonly number[];
}

/**
 * Milliseconds of one execution of each run. The runs take turns, forwards and backwards, so that whatever else the
 * machine does meets all of them alike; each gets at least `fewest` samples.
 */
export async function takeTurns(
  runs: readonly Run[],
  { rounds, budget }: RoundOptions,
  fewest: number,
): Promise<Taken[]> {
  const entries = [];
  for (const run of runs) {
    const first = await clock(run, 1);
    // The second one tells how many make a sample, and is one itself where it is slow enough.
    const second = await clock(run, 1);
    const times = timesFor(second);
    entries.push({ run, first, times, samples: times === 1 ? [second] : [] });
  }
  for (let round = 0; round < rounds; round++)
    for (const { run, times, samples } of round % 2 === 0 ? entries : [...entries].reverse()) {
      const spent = times * samples.reduce((sum, sample) => sum + sample, 0);
      if (spent < budget || samples.length < fewest) samples.push((await clock(run, times)) / times);
    }
  return entries;
}

/** Fewer have no median that an interruption could not be. */
const FEWEST = 2;

/** The times of runs that take turns. */
export const interleave = async (runs: readonly Run[], options: RoundOptions): Promise<Timing[]> =>
  (await takeTurns(runs, options, FEWEST)).map(({ samples, first }) => timingOf(samples, first));

/** How many executions of so many milliseconds make a sample. */
const timesFor = (milliseconds: number): number => Math.min(MOST_TIMES, Math.max(1, Math.round(SAMPLE / milliseconds)));

async function clock(run: Run, times: number): Promise<number> {
  const start = performance.now();
  await run(times);
  return performance.now() - start;
}
