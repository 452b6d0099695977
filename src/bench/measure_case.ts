import type { Device } from '../gpu/device.ts';
import type { Profile } from '../gpu/program/profile.ts';
import { compile } from '../gpu/program/program.ts';
import { type Roofs, type Share, shareOfRoof, type Work } from '../report/roof.ts';
import type { Dispatch } from '../tape/launch.ts';
import { type BenchCase, inputTensors, inputValues, type Samples } from './cases.ts';
import { release, restore } from './memory.ts';
import { interleave, type RoundOptions, runOf, type Timing } from './timing.ts';
import { type Candidates, variants } from './variants.ts';

/** One candidate of a case, timed. */
export interface Measurement extends Timing, Work, Share {
  readonly case: string;
  /** A candidate's name, or `default` for what the engine takes of its own accord. */
  readonly candidate: string;
  /** The kernel that has most to do. */
  readonly kernel: string;
  /** Its time by that of the engine's own choice; NaN where that is broken. */
  readonly ratio: number;
  /** GFLOP and gigabytes a second, by what the mathematics needs. */
  readonly gflops: number;
  readonly gigabytes: number;
  /** Milliseconds that each pipeline took which this run had not compiled before. */
  readonly pipelines: readonly { readonly kernel: string; readonly ms: number }[];
  /** Milliseconds of all of them and of what a driver puts off to the first execution; 0 where all were there already. */
  readonly compile: number;
  /** The largest difference from the float64 reference or, between candidates, from the first one, by the largest value. */
  readonly error: number;
  readonly correct: boolean;
  /** Of the default, each dispatch by itself, where the adapter has timestamps. */
  readonly dispatches?: readonly DispatchTime[];
}

export interface DispatchTime extends Work, Share {
  readonly kernel: string;
  readonly label: string;
  readonly ms: number;
}

/** What one case gave. */
export interface Measured {
  readonly measurements: readonly Measurement[];
  /** Candidates that would have taken too long, with the seconds that one execution was expected to take. */
  readonly leftOut: readonly { readonly candidate: string; readonly seconds: number }[];
  /** Candidates that do not compile. */
  readonly broken: readonly { readonly candidate: string; readonly message: string }[];
  /** The default's fastest run of a few, dispatch by dispatch, where that was asked for. */
  readonly profile?: Profile;
}

export interface MeasureOptions extends RoundOptions {
  readonly candidates: Candidates;
  readonly roofs: Roofs;
  /** Seconds: a candidate is left out when one execution is expected to take longer. */
  readonly limit: number;
  /** The rates found so far in this run, GFLOP/s by kernel. */
  readonly rates: Map<string, number>;
  readonly profile?: boolean | undefined;
}

/** How far sums in another order may differ. */
export const TOLERANCE = 1e-4;

/** The share of the roof that an unknown kernel is expected to reach: a naive one on SwiftShader. */
const EXPECTED_SHARE = 0.005;

/**
 * Times every candidate of a case, each compiled to a program of its own, and compares its result with the case's
 * float64 reference and with that of the first candidate, which is the engine's own choice.
 */
export async function measureCase(device: Device, bench: BenchCase, options: MeasureOptions): Promise<Measured> {
  const { roofs, rates, limit } = options;
  const values = inputValues(bench);
  const all = variants(device, bench, inputTensors(bench, values), options.candidates);
  const isTooLong = ({ seconds }: { seconds: number }) => seconds > limit;
  const expected = all.map((variant) => ({
    ...variant,
    seconds: variant.work.flops / (rates.get(variant.kernel) ?? EXPECTED_SHARE * roofs.gflops) / 1e9,
  }));
  const chosen = expected.filter((variant) => variant === expected[0] || !isTooLong(variant));
  const leftOut = expected.filter((variant) => !chosen.includes(variant));

  const programs = [];
  const broken: Measured['broken'][number][] = [];
  for (const variant of chosen)
    try {
      const pipelines = await compilePipelines(device, variant.dispatches);
      programs.push({ ...variant, program: await compile(device, variant.tape), pipelines });
    } catch (error) {
      // What is wrong with one kernel leaves all others as they are.
      broken.push({ candidate: variant.candidate, message: (error as Error).message });
    }
  if (programs.length === 0) throw new Error(broken[0]?.message);
  const own = programs.findIndex(({ tape }) => tape === chosen[0]?.tape);
  const timings = await interleave(
    programs.map(({ program }) => runOf(device, program)),
    options,
  );
  const reference = bench.reference(values);
  const measurements: Measurement[] = [];
  let first: ArrayLike<number> | undefined;
  let profiles: readonly Profile[] = [];
  for (const [index, { candidate, kernel, work, dispatches, program, pipelines }] of programs.entries()) {
    const timing = timings[index] as Timing;
    if (index === own && (options.profile || device.target.features.has('timestamp-query')))
      profiles = [await program.profile(), await program.profile(), await program.profile()];
    const times = index === own ? timesOfDispatches(profiles, roofs) : undefined;
    restore(device, dispatches);
    const { result } = await program.run({}, ['result']).read();
    first ??= result;
    const error = Math.max(
      difference(samplesOf(result, reference), [...reference.values()]),
      difference(result, first),
    );
    const gflops = work.flops / timing.median / 1e6;
    rates.set(kernel, Math.max(gflops, rates.get(kernel) ?? 0));
    measurements.push({
      ...{ case: bench.name, candidate, kernel },
      ...timing,
      ratio: timing.median / (timings[own]?.median ?? Number.NaN),
      ...work,
      ...shareOfRoof(work, timing.median, roofs),
      ...{ gflops, gigabytes: work.bytes / timing.median / 1e6, pipelines },
      compile: pipelines.length > 0 ? sumOf(pipelines) + Math.max(0, timing.first - timing.median) : 0,
      ...{ error, correct: error <= TOLERANCE },
      ...(times && { dispatches: times }),
    });
  }
  release(
    device,
    chosen.map(({ tape }) => tape),
  );
  return {
    measurements,
    leftOut: leftOut.map(({ candidate, seconds }) => ({ candidate, seconds })),
    broken,
    ...(options.profile &&
      profiles.length > 0 && { profile: profiles.reduce((a, b) => (timeOf(b) < timeOf(a) ? b : a)) }),
  };
}

const sumOf = (times: readonly { readonly ms: number }[]): number => times.reduce((sum, { ms }) => sum + ms, 0);

/** Compiles one pipeline after the other, so that each can be timed. */
async function compilePipelines({ pipelines, wait }: Device, dispatches: readonly Dispatch[]) {
  const times: { kernel: string; ms: number }[] = [];
  for (const { kernel, constants } of dispatches) {
    const known = pipelines.size;
    const start = performance.now();
    await wait(pipelines.get(kernel, constants));
    if (pipelines.size > known) times.push({ kernel: kernel.name, ms: performance.now() - start });
  }
  return times;
}

const timeOf = ({ dispatches }: Profile): number => dispatches.reduce((sum, { nanoseconds }) => sum + nanoseconds, 0);

/** The shortest of a few executions of each dispatch; the wall clock would count each submission too. */
function timesOfDispatches(runs: readonly Profile[], roofs: Roofs): DispatchTime[] | undefined {
  const [first] = runs;
  if (first?.clock !== 'timestamps') return undefined;
  return first.dispatches.map(({ kernel, label, flops, bytes }, index) => {
    const ms =
      Math.min(...runs.map(({ dispatches }) => dispatches[index]?.nanoseconds ?? Number.POSITIVE_INFINITY)) / 1e6;
    return { kernel, label, flops, bytes, ms, ...shareOfRoof({ flops, bytes }, ms, roofs) };
  });
}

export const samplesOf = (result: ArrayLike<number>, reference: Samples): number[] =>
  [...reference.keys()].map((index) => result[index] ?? Number.NaN);

/** The largest difference of two results, relative to the largest value wanted. */
export function difference(got: ArrayLike<number>, want: ArrayLike<number>): number {
  let error = 0;
  let largest = 0;
  for (let i = 0; i < want.length; i++) {
    const own = Math.abs((got[i] as number) - (want[i] as number));
    // A NaN stays: no later difference compares greater than it.
    if (own > error || Number.isNaN(own)) error = own;
    largest = Math.max(largest, Math.abs(want[i] as number));
  }
  return error / Math.max(largest, 1e-30);
}
