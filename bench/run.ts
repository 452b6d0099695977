import type { Device } from '../src/gpu/device.ts';
import { compile, type DispatchInfo, type Program } from '../src/gpu/program/program.ts';
import { createTape, type Tape, type TapeOptions } from '../src/tape/tape.ts';
import { type BenchCase, inputTensors, recordCase } from './cases.ts';
import { interleave, type RoundOptions, type Timing } from './timing.ts';

/** One candidate of a case, timed. */
export interface Measurement extends Timing {
  readonly case: string;
  /** A candidate's name, or `default` for what the engine takes of its own accord. */
  readonly candidate: string;
  /** The kernel that has most to do. */
  readonly kernel: string;
  /** GFLOP and gigabytes a second, by what the mathematics needs. */
  readonly gflops: number;
  readonly gigabytes: number;
  /** Milliseconds until the program was compiled; undefined where all of its pipelines were there already. */
  readonly compile: number | undefined;
  /** The largest difference from the plain candidate, relative to its largest value. */
  readonly error: number;
  readonly correct: boolean;
}

/** How far sums in another order may differ. */
const TOLERANCE = 1e-4;

interface Variant {
  readonly candidate: string;
  readonly tape: Tape;
  /** Whether the others are held to its result. */
  readonly plain: boolean;
}

/**
 * Times every candidate of a case, each compiled to a program of its own, and compares its result with that of the
 * family's last one, the plainest.
 */
export async function measure(device: Device, bench: BenchCase, options: RoundOptions): Promise<Measurement[]> {
  const programs: (Variant & { program: Program; compile: number | undefined })[] = [];
  for (const variant of variants(device, bench)) {
    const known = device.pipelines.size;
    const start = performance.now();
    const program = await compile(device, variant.tape);
    const took = performance.now() - start;
    programs.push({ ...variant, program, compile: device.pipelines.size > known ? took : undefined });
  }
  const timings = await interleave(
    programs.map(({ program }) => runOf(device, program)),
    options,
  );
  const results: ArrayLike<number>[] = [];
  for (const { program } of programs) results.push((await program.run({}, ['result']).read()).result);
  const plain = results[programs.findIndex((program) => program.plain)] ?? [];
  return programs.map(({ candidate, program, compile }, index): Measurement => {
    const timing = timings[index] as Timing;
    const error = difference(results[index] ?? [], plain);
    return {
      ...{ case: bench.name, candidate, kernel: mainKernel(program) },
      ...timing,
      gflops: total(program, 'flops') / timing.median / 1e6,
      gigabytes: total(program, 'bytes') / timing.median / 1e6,
      ...{ compile, error, correct: error <= TOLERANCE },
    };
  });
}

/** Runs a program so many times, one submission after the other, and waits for the end. */
export const runOf = (device: Device, program: Program) => async (times: number) => {
  for (let i = 0; i < times; i++) program.run();
  await device.idle();
};

/** The distinct programs that the candidates of a case make, in their order; those that cannot run are left out. */
function variants({ target }: Device, bench: BenchCase): Variant[] {
  const inputs = inputTensors(bench);
  const record = (candidates?: TapeOptions['candidates'], build = bench.build) => {
    const tape = createTape(target, candidates && { candidates });
    recordCase(tape, { ...bench, build }, inputs);
    return tape;
  };
  const names = new Set<string>();
  const usual = record((op, _problem, ways) => {
    if (op === bench.family) for (const { name } of ways) names.add(name);
    return undefined;
  });
  const found = new Map([[signatureOf(usual), { candidate: 'default', tape: usual }]]);
  let plain = signatureOf(usual);
  for (const name of names) {
    const tape = record((op) => (op === bench.family ? name : undefined));
    plain = signatureOf(tape);
    if (!found.has(plain)) found.set(plain, { candidate: name, tape });
  }
  for (const [candidate, build] of Object.entries(bench.rivals ?? {})) {
    const tape = record(undefined, build);
    found.set(signatureOf(tape), { candidate, tape });
  }
  return [...found].map(([signature, variant]) => ({ ...variant, plain: signature === plain }));
}

const signatureOf = ({ dispatches }: Tape): string =>
  JSON.stringify(dispatches.map(({ kernel, constants, workgroups }) => [kernel.name, constants, workgroups]));

const total = (program: Program, key: 'flops' | 'bytes'): number =>
  program.describe().reduce((sum, info) => sum + info[key], 0);

const mainKernel = (program: Program): string =>
  program.describe().reduce((most: DispatchInfo, info) => (info.flops > most.flops ? info : most)).kernel;

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
