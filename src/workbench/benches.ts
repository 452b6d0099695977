import { allCases, type BenchCase, blankTensors } from '../bench/cases.ts';
import { type Variant, variants } from '../bench/variants.ts';
import type { Device } from '../gpu/device.ts';
import { elements } from '../tape/tensor.ts';

/** A benchmark that launches a kernel, in the way that does so. */
export interface Launching {
  readonly bench: BenchCase;
  /** The way's name, or `default` for what the engine takes of its own accord. */
  readonly candidate: string;
  /** Whether it has most to do in this kernel. */
  readonly mostly: boolean;
  /** Elements of all inputs. */
  readonly size: number;
}

/** Finds the benchmarks of kernels; what it has recorded once serves all kernels. */
export interface Benches {
  /** Those that have most to do in the kernel and are of its own family come first, small ones before large ones. */
  of(kernel: string): Launching[];
}

export function createBenches(device: Device): Benches {
  let recorded: (Launching & { readonly kernels: ReadonlySet<string>; readonly most: string })[] | undefined;
  const record = () =>
    allCases({ kind: device.target.kind }).flatMap((bench) => {
      const size = sizeOf(bench);
      return candidatesOf(device, bench).map(({ candidate, dispatches, kernel }) => ({
        ...{ bench, candidate, size, mostly: false, most: kernel },
        kernels: new Set(dispatches.map((dispatch) => dispatch.kernel.name)),
      }));
    });
  return {
    of(kernel) {
      recorded ??= record();
      const found = recorded.filter(({ kernels }) => kernels.has(kernel));
      const [family] = kernel.split('/');
      const rank = ({ bench, mostly }: Launching) => Number(!mostly) + Number(bench.family !== family);
      const seen = new Set<string>();
      return found
        .map(({ bench, candidate, size, most }) => ({ bench, candidate, size, mostly: most === kernel }))
        .sort((a, b) => rank(a) - rank(b) || a.size - b.size)
        .filter(({ bench }) => !seen.has(bench.name) && seen.add(bench.name));
    },
  };
}

/** The ways of a case in their plain tilings, recorded without any data. */
export const candidatesOf = (device: Device, bench: BenchCase): Variant[] =>
  variants(device, bench, blankTensors(bench), bench.family ? 'kernels' : 'default');

export const sizeOf = ({ inputs }: BenchCase): number =>
  Object.values(inputs).reduce((sum, shape) => sum + elements(shape), 0);

/** Elements of all inputs: fewer are over before they can be timed, more take long to look at. */
const SIZES = { least: 2 ** 14, most: 2 ** 24 };

/** What is timed unless something else is asked for: the first that is neither small nor large. */
export const usualBench = (benches: readonly Launching[]): Launching | undefined =>
  benches.find(({ size }) => size >= SIZES.least && size <= SIZES.most);
