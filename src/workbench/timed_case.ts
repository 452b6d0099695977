import { inputTensors, inputValues } from '../bench/cases.ts';
import { COPIES } from '../bench/comparison.ts';
import { difference, samplesOf, TOLERANCE } from '../bench/measure_case.ts';
import { release, restore } from '../bench/memory.ts';
import { gpuRunOf, type Run } from '../bench/timing.ts';
import { type Variant, variants } from '../bench/variants.ts';
import type { Device } from '../gpu/device.ts';
import * as kernels from '../gpu/kernel/generated/kernels.ts';
import type { Kernel } from '../gpu/kernel/kernel.ts';
import type { Tiles } from '../gpu/kernel/target.ts';
import { compile, type Program } from '../gpu/program/program.ts';
import type { Work } from '../report/roof.ts';
import type { Tape } from '../tape/tape.ts';
import type { Tensor } from '../tape/tensor.ts';
import type { Launching } from './benches.ts';

/** A benchmark that launches a kernel, compiled with the modules that the device had when it was made. */
export interface TimedCase {
  readonly name: string;
  readonly runs: readonly Run[];
  readonly work: Work;
  /** The constants that the kernel is launched with. */
  readonly constants: Readonly<Record<string, number>>;
  /** Begins to compile the same with the modules of now and other constants. */
  compileEdited(tiles?: Tiles): EditedCase;
  /** Frees all its memory. */
  destroy(): void;
}

export interface EditedCase {
  /** Throws, in one sentence, where it does not compile or the result is wrong. */
  runs(): Promise<readonly Run[]>;
  /** Frees its memory, now or once it is compiled. */
  destroy(): void;
}

/** Compiles what is to be timed. Throws where a kernel of it does not compile, or the adapter cannot hold it. */
export async function createTimedCase(
  device: Device,
  kernel: string,
  { bench, candidate }: Launching,
): Promise<TimedCase> {
  const values = inputValues(bench);
  const inputs = inputTensors(bench, values);
  const record = (tiles?: Tiles) => recordLaunching(device, { bench, candidate }, inputs, tiles);
  const variant = record();
  const reference = bench.reference(values);
  const resultOf = async (program: Program, dispatches: Variant['dispatches']) => {
    restore(device, dispatches);
    return (await program.run({}, ['result']).read()).result;
  };
  const destroyAll = (programs: readonly Program[]) => {
    for (const program of programs) program.destroy();
  };
  const name = `${bench.name} (${candidate})`;
  const programs = await compileCopies(device, kernel, variant.tape, COPIES.before);
  const before = await resultOf(programs[0] as Program, variant.dispatches);
  const runs = programs.map((program) => gpuRunOf(device, program));
  const launched = variant.dispatches.find((dispatch) => dispatch.kernel.name === kernel);
  return {
    name,
    work: variant.work,
    constants: { ...launched?.kernel.constants, ...launched?.constants },
    runs,
    compileEdited(tiles) {
      const own = tiles ? record(tiles) : variant;
      const compiling = compileCopies(device, kernel, own.tape, COPIES.after);
      // Whoever asks for the runs is told; where nobody does, something else was wrong before.
      compiling.catch(() => {});
      return {
        async runs() {
          const edited = await compiling;
          const result = await resultOf(edited[0] as Program, own.dispatches);
          const error = Math.max(
            difference(samplesOf(result, reference), [...reference.values()]),
            difference(result, before),
          );
          if (!(error <= TOLERANCE)) throw new Error(`${name}: the result is off by ${error.toExponential(2)}`);
          return edited.map((program) => gpuRunOf(device, program));
        },
        destroy: () => void compiling.then(destroyAll, () => {}),
      };
    },
    destroy() {
      destroyAll(programs);
      release(device, [variant.tape]);
    },
  };
}

/** A benchmark in the way that launches a kernel, on inputs that several ways share. Throws where it has no such way. */
export function recordLaunching(
  device: Device,
  { bench, candidate }: Pick<Launching, 'bench' | 'candidate'>,
  inputs: Readonly<Record<string, Tensor>>,
  tiles?: Tiles,
): Variant {
  const own = tiles ? { ...device, target: { ...device.target, tiles } } : device;
  const all = variants(own, bench, inputs, bench.family ? 'kernels' : 'default');
  const found = all.find((variant) => variant.candidate === candidate) ?? (all.length === 1 ? all[0] : undefined);
  if (!found) throw new Error(`${bench.name} has no way ${candidate} on this adapter.`);
  return found;
}

/** Compiles a tape several times over: a comment makes the kernel's text another one to every cache. Checks share the first. */
function compileCopies(device: Device, name: string, tape: Tape, copies: number): Promise<Program[]> {
  const { library } = device;
  const { path, modules } = Object.values<Kernel>({ ...kernels }).find((kernel) => kernel.name === name) as Kernel;
  const text = library.edited[path] ?? modules[path] ?? '';
  try {
    // A text is taken when its compilation begins, which is before the first wait.
    return Promise.all(
      Array.from({ length: copies }, (_, copy) => {
        if (copy > 0) library.replaceModule(path, `${text}// copy ${copy}\n`);
        return compile(device, tape);
      }),
    );
  } finally {
    library.replaceModule(path, text);
  }
}
