// What a check shows of kernels, and what it takes to see it.
import type { Variant } from '../conformance/evaluate.ts';
import type { Undifferentiated } from '../conformance/gradcheck.ts';
import type { Dispatch } from '../tape/launch.ts';

/** A case with a way to run it. */
export interface Recorded {
  readonly own: Undifferentiated;
  readonly variant: Variant;
  readonly kernels: ReadonlySet<string>;
}

/** What a check shows of some kernels, as words: each is worth seeing once. */
export function showsOf({ own, variant }: Recorded, kernels: ReadonlySet<string>): Set<string> {
  const { golden } = own;
  // Problems name the places at which their gradients are compared; golden cases have them whole, from elsewhere.
  const shows = new Set([golden.places ? 'gradient check' : 'golden case']);
  const edges = isRagged(Object.values(golden.inputs).flatMap(({ shape }) => shape)) ? ['', ' at edges'] : [''];
  for (const dispatch of launchesOf(variant, kernels)) {
    const { name } = dispatch.kernel;
    const settings = Object.entries(constantsOf(dispatch)).filter(([constant]) => !isWorkgroup(constant));
    const ways = ['', ...settings.map(([constant, value]) => `${constant}=${value}`)];
    for (const way of ways) for (const edge of edges) shows.add(`${name} ${way}${edge}`);
  }
  return shows;
}

/** Relative: kernels are compiled once for each set of constants, larger tiles for longer; all others need a launch alone. */
export function costsOf({ own, variant }: Recorded, kernels: ReadonlySet<string>): Map<string, number> {
  const costs = new Map([[`${own.golden.name} ${variant.name}`, 0.2 * variant.recorded.tape.dispatches.length]]);
  for (const dispatch of launchesOf(variant, kernels)) {
    const constants = constantsOf(dispatch);
    const tile = Object.entries(constants)
      .filter(([constant]) => !isWorkgroup(constant))
      .reduce((product, [, value]) => product * Math.max(value, 1), 1);
    costs.set(`${dispatch.kernel.name} ${JSON.stringify(constants)}`, tile);
  }
  return costs;
}

const launchesOf = ({ recorded }: Recorded['variant'], kernels: ReadonlySet<string>): Dispatch[] =>
  recorded.tape.dispatches.filter(({ kernel }) => kernels.has(kernel.name));

const constantsOf = ({ kernel, constants }: Dispatch): Readonly<Record<string, number>> => ({
  ...kernel.constants,
  ...constants,
});

/** Where invocations lie says nothing of what each computes. */
const isWorkgroup = (constant: string): boolean => constant.startsWith('WORKGROUP');

/** Whether a size is no multiple of what tiles are multiples of. */
const isRagged = (sizes: readonly number[]): boolean => sizes.some((size) => size > 1 && size % 8 !== 0);
