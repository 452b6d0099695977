import type { Device } from '../gpu/device.ts';
import type { Program } from '../gpu/program/program.ts';
import { repeatUntil } from '../gpu/program/repeat.ts';
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

/** Runs a program so many times, in as few passes as that can be, and waits for the end. */
export const runOf =
  (device: Device, program: Program): Run =>
  async (times) => {
    program.repeat(times);
    await device.idle();
  };

export interface RoundOptions {
  /** Samples of each run. */
  readonly rounds: number;
  /** Milliseconds after which a run takes no further part, once it has its fewest samples: a slow one must not hold up all others. */
  readonly budget: number;
  /** Milliseconds that a sample should last, so that waiting for its end weighs little; 25 unless given. */
  readonly sample?: number;
  /** Ends the rounds once what was taken tells enough; asked after each, once every run has its fewest samples. */
  readonly isEnough?: ((taken: readonly Taken[]) => boolean) | undefined;
  /** Ends the rounds early. */
  readonly signal?: AbortSignal | undefined;
}

const SAMPLE = 25;

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
  { rounds, budget, sample = SAMPLE, isEnough = () => false, signal }: RoundOptions,
  fewest: number,
): Promise<Taken[]> {
  const entries = [];
  for (const run of runs) {
    const first = await clock(run, 1);
    // The next ones tell how many make a sample; the last of them is one itself.
    const { times, taken } = await repeatUntil((times) => clock(run, times), sample);
    entries.push({ run, first, times, samples: [taken / times] });
  }
  for (let round = 0; round < rounds && !signal?.aborted; round++) {
    for (const { run, times, samples } of round % 2 === 0 ? entries : [...entries].reverse()) {
      const spent = times * samples.reduce((sum, sample) => sum + sample, 0);
      if (spent < budget || samples.length < fewest) samples.push((await clock(run, times)) / times);
    }
    if (entries.every(({ samples }) => samples.length >= fewest) && isEnough(entries)) break;
  }
  return entries;
}

/** Fewer have no median that an interruption could not be. */
const FEWEST = 2;

/** The times of runs that take turns. */
export const interleave = async (runs: readonly Run[], options: RoundOptions): Promise<Timing[]> =>
  (await takeTurns(runs, options, FEWEST)).map(({ samples, first }) => timingOf(samples, first));

async function clock(run: Run, times: number): Promise<number> {
  const start = performance.now();
  await run(times);
  return performance.now() - start;
}
