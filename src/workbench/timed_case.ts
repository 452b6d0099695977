import { allCases, type BenchCase, inputValues } from '../bench/cases.ts';
import { COPIES } from '../bench/comparison.ts';
import { difference, samplesOf, TOLERANCE } from '../bench/measure_case.ts';
import { restore } from '../bench/memory.ts';
import { type Run, runOf } from '../bench/timing.ts';
import { variants } from '../bench/variants.ts';
import type { Device } from '../gpu/device.ts';
import * as kernels from '../gpu/kernel/generated/kernels.ts';
import type { Kernel } from '../gpu/kernel/kernel.ts';
import { compile, type Program } from '../gpu/program/program.ts';
import type { Tape } from '../tape/tape.ts';
import { elements } from '../tape/tensor.ts';

/** A benchmark that has most to do in one kernel, compiled with the modules that the device had when it was made. */
export interface TimedCase {
  readonly name: string;
  readonly runs: readonly Run[];
  /** The same with the modules of now. Throws, in one sentence, where their result is wrong. */
  compileEdited(): Promise<readonly Run[]>;
}

/** Elements of all inputs: fewer are over before they can be timed, more take long to look at. */
const SIZES = { least: 2 ** 14, most: 2 ** 24 };

/** The smallest benchmark whose largest kernel this is, in its plain tiling, or else one that launches it; undefined where there is none. */
export async function timedCase(device: Device, kernel: string): Promise<TimedCase | undefined> {
  const sizeOf = ({ inputs }: BenchCase) => Object.values(inputs).reduce((sum, shape) => sum + elements(shape), 0);
  const cases = allCases({ kind: device.target.kind })
    .map((bench) => ({ bench, size: sizeOf(bench) }))
    .filter(({ size }) => size >= SIZES.least && size <= SIZES.most)
    .sort((a, b) => a.size - b.size);
  const found = find(
    device,
    kernel,
    cases.map(({ bench }) => bench),
  );
  if (!found) return undefined;
  const { bench, values, variant } = found;
  const name = `${bench.name} (${variant.candidate})`;
  const reference = bench.reference(values);
  const copies = () => compileCopies(device, kernel, variant.tape);
  const resultOf = async (program: Program | undefined) => {
    restore(device, variant.dispatches);
    return (await program!.run({}, ['result']).read()).result;
  };
  const programs = await copies();
  const before = await resultOf(programs[0]);
  return {
    name,
    runs: programs.map((program) => runOf(device, program)),
    async compileEdited() {
      const edited = await copies();
      const result = await resultOf(edited[0]);
      const error = Math.max(
        difference(samplesOf(result, reference), [...reference.values()]),
        difference(result, before),
      );
      if (!(error <= TOLERANCE)) throw new Error(`${name}: the result is off by ${error.toExponential(2)}`);
      return edited.map((program) => runOf(device, program));
    },
  };
}

/** Compiles a tape several times over: a comment makes the kernel's text another one to every cache. */
async function compileCopies(device: Device, name: string, tape: Tape): Promise<Program[]> {
  const { library } = device;
  const { path, modules } = Object.values<Kernel>({ ...kernels }).find((kernel) => kernel.name === name) as Kernel;
  const text = library.edited[path] ?? modules[path] ?? '';
  try {
    // A text is taken when its compilation begins, which is before the first wait.
    return await Promise.all(
      Array.from({ length: COPIES }, (_, copy) => {
        library.replaceModule(path, `${text}// copy ${copy}\n`);
        return compile(device, tape);
      }),
    );
  } finally {
    library.replaceModule(path, text);
  }
}

function find(device: Device, kernel: string, cases: readonly BenchCase[]) {
  let second: ReturnType<typeof look>;
  for (const bench of cases) {
    const found = look(device, kernel, bench);
    if (found?.variant.kernel === kernel) return found;
    second ??= found;
  }
  return second;
}

function look(device: Device, kernel: string, bench: BenchCase) {
  const values = inputValues(bench);
  const all = variants(device, bench, values, bench.family ? 'kernels' : 'default');
  const launching = all.filter(({ dispatches }) => dispatches.some((own) => own.kernel.name === kernel));
  const variant = launching.find((own) => own.kernel === kernel) ?? launching[0];
  return variant && { bench, values, variant };
}
