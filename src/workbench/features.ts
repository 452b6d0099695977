// What a check shows of kernels, and what it takes to see it.
import type { Case } from '../conformance/case.ts';
import type { Variant } from '../conformance/evaluate.ts';
import type { Undifferentiated } from '../conformance/gradcheck.ts';
import type { Dispatch } from '../tape/launch.ts';

export type Constants = Readonly<Record<string, number>>;

/** Something that runs a kernel and knows what has to come out; it gives a line for each thing that is wrong. */
export type Check = () => Promise<readonly string[]>;

/** A case with a way to run it. */
export interface Recorded {
  readonly own: Undifferentiated;
  readonly variant: Variant;
  readonly kernels: ReadonlySet<string>;
}

export const launchesOf = ({ variant }: Recorded, kernels: ReadonlySet<string>): Dispatch[] =>
  variant.recorded.tape.dispatches.filter(({ kernel }) => kernels.has(kernel.name));

export const constantsOf = ({ kernel, constants }: Pick<Dispatch, 'kernel' | 'constants'>): Constants => ({
  ...kernel.constants,
  ...constants,
});

/** Of each kernel, the constants that are nowhere anything but 0 or 1: what is left says how much is taken at once. */
export function switchesIn(all: readonly Recorded[], kernels: ReadonlySet<string>): Map<string, Set<string>> {
  const switches = new Map<string, Set<string>>();
  for (const launch of all.flatMap((own) => launchesOf(own, kernels))) {
    const constants = constantsOf(launch);
    const known = switches.get(launch.kernel.name) ?? new Set(Object.keys(constants));
    for (const [name, value] of Object.entries(constants)) if (value !== 0 && value !== 1) known.delete(name);
    switches.set(launch.kernel.name, known);
  }
  return switches;
}

/** The constants that say how much a kernel takes at once. */
export const tileOf = (constants: Constants, switches: ReadonlySet<string> = new Set()): Constants =>
  Object.fromEntries(Object.entries(constants).filter(([name]) => !switches.has(name)));

/** How much is compiled: the product of what is taken at once, but for how many invocations do so. */
export const weightOf = (tile: Constants): number =>
  Object.entries(tile)
    .filter(([name]) => !name.startsWith('WORKGROUP'))
    .reduce((product, [, value]) => product * Math.max(value, 1), 1);

/** What is to be seen of some kernels. */
export interface Wanted {
  readonly kernels: ReadonlySet<string>;
  readonly switches: ReadonlyMap<string, ReadonlySet<string>>;
  /** A kernel's constants that are compiled anyway, and whose tile is to be seen. */
  readonly timed: { readonly kernel: string; readonly constants: Constants } | undefined;
}

/** What a check shows, as words: each is worth seeing once. */
export function showsOf(own: Recorded, { kernels, switches, timed }: Wanted): Set<string> {
  const { golden } = own.own;
  const shows = new Set([kindOf(golden)]);
  const edges = hasEdges(own) ? ['', ' at edges'] : [''];
  for (const launch of launchesOf(own, kernels)) {
    const { name } = launch.kernel;
    const constants = constantsOf(launch);
    const known = switches.get(name);
    const ways = ['', ...[...(known ?? [])].map((constant) => `${constant}=${constants[constant]}`)];
    // Several fill at least one of them.
    const isSeveral = launch.workgroups.reduce((product, count) => product * count, 1) > 1;
    if (timed?.kernel === name && isSame(tileOf(constants, known), tileOf(timed.constants, known)))
      ways.push(isSeveral ? 'tiles' : 'tile');
    for (const way of ways) for (const edge of edges) shows.add(`${name} ${way}${edge}`);
  }
  return shows;
}

/** Whether a check has edges and, but for the tile, a launch as that which is timed. */
export function isLikeTimed(own: Recorded, { timed, switches }: Wanted): boolean {
  if (!timed || !hasEdges(own)) return false;
  const known = switches.get(timed.kernel) ?? new Set();
  return launchesOf(own, new Set([timed.kernel])).some((launch) => {
    const constants = constantsOf(launch);
    return [...known].every((name) => constants[name] === timed.constants[name]);
  });
}

/** Relative: each set of constants is compiled by itself; all else needs launches alone. */
export function costsOf(own: Recorded, { kernels, switches, timed }: Wanted): Map<string, number> {
  const { variant } = own;
  const costs = new Map([[`${own.own.golden.name} ${variant.name}`, 0.1 * variant.recorded.tape.dispatches.length]]);
  for (const launch of launchesOf(own, kernels)) {
    const { name } = launch.kernel;
    const constants = constantsOf(launch);
    const isTimed = timed?.kernel === name && isSame(constants, timed.constants);
    costs.set(`${name} ${textOf(constants)}`, isTimed ? 0 : 1 + weightOf(tileOf(constants, switches.get(name))));
  }
  return costs;
}

/** Problems name the places at which their gradients are compared; golden cases have them whole, from elsewhere. */
function kindOf({ places, grads }: Case): string {
  if (Object.keys(grads).length === 0) return 'values';
  return places ? 'gradient check' : 'golden case';
}

/** Whether a size is no multiple of what tiles are multiples of. */
const hasEdges = ({ own }: Recorded): boolean =>
  Object.values(own.golden.inputs).some(({ shape }) => shape.some((size) => size > 1 && size % 8 !== 0));

const textOf = (constants: Constants): string => JSON.stringify(Object.entries(constants).sort());

const isSame = (one: Constants, other: Constants): boolean => textOf(one) === textOf(other);
