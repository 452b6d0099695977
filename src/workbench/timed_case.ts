import { allCases, type BenchCase, inputValues } from '../bench/cases.ts';
import { difference, restore, samplesOf, TOLERANCE } from '../bench/measure_case.ts';
import { type Run, runOf } from '../bench/timing.ts';
import { variants } from '../bench/variants.ts';
import type { Device } from '../gpu/device.ts';
import { compile, type Program } from '../gpu/program/program.ts';
import { elements } from '../tape/tensor.ts';

/** A benchmark that has most to do in one kernel, compiled with the modules that the device had when it was made. */
export interface TimedCase {
  readonly name: string;
  readonly run: Run;
  /** The same with the modules of now, and how its result is wrong, if it is. */
  compileEdited(): Promise<{ readonly program: Program; readonly wrong?: string }>;
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
  const program = await compile(device, variant.tape);
  const reference = bench.reference(values);
  const resultOf = async (of: Program) => {
    restore(device, variant.dispatches);
    return (await of.run({}, ['result']).read()).result;
  };
  const before = await resultOf(program);
  return {
    name: `${bench.name} (${variant.candidate})`,
    run: runOf(device, program),
    async compileEdited() {
      const edited = await compile(device, variant.tape);
      const result = await resultOf(edited);
      const error = Math.max(
        difference(samplesOf(result, reference), [...reference.values()]),
        difference(result, before),
      );
      if (error <= TOLERANCE) return { program: edited };
      return {
        program: edited,
        wrong: `${bench.name} (${variant.candidate}): the result is off by ${error.toExponential(2)}`,
      };
    },
  };
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
