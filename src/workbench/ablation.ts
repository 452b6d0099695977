import { inputTensors } from '../bench/cases.ts';
import { release } from '../bench/memory.ts';
import { runOf, type Taken, takeTurns } from '../bench/timing.ts';
import type { Device } from '../gpu/device.ts';
import { compose, type Modules, type Place } from '../gpu/kernel/compose.ts';
import * as kernels from '../gpu/kernel/generated/kernels.ts';
import type { Kernel } from '../gpu/kernel/kernel.ts';
import type { Library } from '../gpu/kernel/library.ts';
import { createPipelines } from '../gpu/kernel/pipelines.ts';
import { compile, type Program } from '../gpu/program/program.ts';
import type { Tape } from '../tape/tape.ts';
import type { Launching } from './benches.ts';
import { CUT, type CutText, cutTexts, WHOLE } from './cuts.ts';
import { recordLaunching } from './timed_case.ts';

/** What the statements that end in one line of a module take. */
export interface LineCost extends Place {
  /** Of one execution of the benchmark. */
  readonly milliseconds: number;
  /** By the time of the whole. */
  readonly share: number;
}

/** Where the time of one function goes. */
export interface Ablation {
  readonly function: string;
  /** Milliseconds of the whole benchmark, with the tests for cuts in it, which cost something themselves. */
  readonly whole: number;
  readonly lines: readonly LineCost[];
}

export interface AblationOptions {
  /** Whose functions are cut. */
  readonly path: string;
  /** The kernel's constants in place of what its op would choose. */
  readonly constants?: Readonly<Record<string, number>> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Milliseconds that a sample lasts, and that one function takes at most. */
const SAMPLE = 5;
const BUDGET = 6000;
/** Samples of each cut, half of which are held to the other half. */
const FEWEST = 6;
/** The measurement ends when all times of one half differ from those of the other by less than this share of the whole. */
const PRECISION = 0.01;

/**
 * Where the time of a kernel goes, function by function: each is cut behind each of its statements by a uniform, and what a statement costs is
 * how much longer it takes to be cut behind it than before it. Throws where there is nothing to cut, or it does not compile.
 */
export async function* ablate(
  device: Device,
  name: string,
  { bench, candidate }: Pick<Launching, 'bench' | 'candidate'>,
  modules: Modules,
  { path, constants = {}, signal }: AblationOptions,
): AsyncGenerator<Ablation> {
  const kernel = Object.values<Kernel>({ ...kernels }).find((own) => own.name === name) as Kernel;
  const { text, places } = compose(kernel, modules);
  const isWanted = (line: number) => places[line]?.path === path;
  const texts = (insideIfs: boolean) => cutTexts(text, isWanted, { insideIfs });
  if (texts(false).length === 0)
    throw new Error(`kernels/${path} has no function of ${name} with several statements that could be cut.`);
  const inputs = inputTensors(bench);
  const tiles = Object.keys(constants).length > 0 ? { kernel: name, constants } : undefined;
  const variant = recordLaunching(device, { bench, candidate }, inputs, tiles);
  try {
    for (const [index, plain] of texts(false).entries()) {
      if (signal?.aborted) return;
      const inner = texts(true)[index] ?? plain;
      const { cut, programs } = await programsOf(device, kernel, variant.tape, inner).catch(() =>
        // What all of a workgroup have to reach may stand behind a cut inside of an `if`.
        programsOf(device, kernel, variant.tape, plain),
      );
      const runs = programs.map((program) => runOf(device, program));
      const budget = BUDGET / runs.length;
      const options = { rounds: budget / SAMPLE, budget, sample: SAMPLE, isEnough: halvesAgree, signal };
      const taken = await takeTurns(runs, options, FEWEST);
      for (const program of programs) program.destroy();
      yield ablationOf(cut, timesOf(taken), text, places);
    }
  } finally {
    release(device, [variant.tape]);
  }
}

/** A program a cut, in their order, and last the whole. */
async function programsOf(device: Device, kernel: Kernel, tape: Tape, cut: CutText) {
  const { size, fields } = kernel.uniforms ?? { size: 0, fields: {} };
  const own: Kernel = {
    ...kernel,
    name: `${kernel.name} cut in ${cut.function}`,
    uniforms: { size: size + 4, fields: { ...fields, [CUT]: { offset: size, type: 'u32' } } },
  };
  const library: Library = {
    ...device.library,
    textOf: (asked) => (asked === own ? { text: cut.text, places: [], modules: [] } : device.library.textOf(asked)),
  };
  const other = { ...device, library, pipelines: createPipelines(device.gpu, library) };
  const ids = [...cut.cuts.map(({ id }) => id), WHOLE];
  const programs: Program[] = await Promise.all(
    ids.map((id) => {
      const dispatches = tape.dispatches.map((dispatch) =>
        dispatch.kernel.name === kernel.name
          ? { ...dispatch, kernel: own, uniforms: { ...dispatch.uniforms, [CUT]: id } }
          : dispatch,
      );
      return compile(other, { ...tape, dispatches });
    }),
  );
  return { cut, programs };
}

/** Of each cut: whatever else the machine does only adds to a time. */
const timesOf = (taken: readonly Pick<Taken, 'samples'>[]): number[] =>
  rising(taken.map(({ samples }) => Math.min(...samples)));

/** Whether every other sample tells the same as those between them. */
export function halvesAgree(taken: readonly Pick<Taken, 'samples'>[]): boolean {
  const half = (first: number) =>
    timesOf(taken.map(({ samples }) => ({ samples: samples.filter((_, index) => index % 2 === first) })));
  const [even, odd] = [half(0), half(1)];
  const whole = Math.min(even.at(-1) ?? 0, odd.at(-1) ?? 0);
  return even.every((time, cut) => Math.abs(time - (odd[cut] ?? Number.NaN)) <= PRECISION * whole);
}

/** The nearest times of which none is below the one before, since a later cut leaves out less: neighbours that are not share their mean. */
export function rising(times: readonly number[]): number[] {
  const groups: { mean: number; count: number }[] = [];
  for (const time of times) {
    let group = { mean: time, count: 1 };
    for (let before = groups.at(-1); before && before.mean > group.mean; before = groups.at(-1)) {
      groups.pop();
      const count = before.count + group.count;
      group = { mean: (group.mean * group.count + before.mean * before.count) / count, count };
    }
    groups.push(group);
  }
  return groups.flatMap(({ mean, count }) => Array<number>(count).fill(mean));
}

/** Differences of neighbours, added up by line. What stands behind the last cut belongs to the function's last statement. */
function ablationOf(
  { function: name, cuts }: CutText,
  times: readonly number[],
  text: string,
  places: readonly Place[],
) {
  const whole = times.at(-1) ?? Number.NaN;
  const byLine = new Map<number, number>();
  const add = (line: number, cost: number) => byLine.set(line, (byLine.get(line) ?? 0) + cost);
  cuts.forEach(({ line }, index) => {
    if (index > 0) add(line, (times[index] ?? Number.NaN) - (times[index - 1] ?? Number.NaN));
  });
  const last = lastReturn(text, cuts.at(-1)?.line ?? 0);
  if (last !== undefined) add(last, whole - (times[cuts.length - 1] ?? Number.NaN));
  const lines = [...byLine].flatMap(([line, milliseconds]) => {
    const place = places[line];
    return place ? [{ ...place, milliseconds, share: milliseconds / whole }] : [];
  });
  return { function: name, whole, lines };
}

/** The line behind another one that ends its function by returning something. */
function lastReturn(text: string, behind: number): number | undefined {
  const lines = text.split('\n');
  const end = lines.findIndex((line, index) => index > behind && line === '}');
  const found = lines.slice(behind + 1, end).findIndex((line) => /^\s*return\b/.test(line));
  return found < 0 ? undefined : behind + 1 + found;
}
