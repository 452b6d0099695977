import type { Undifferentiated } from '../conformance/gradcheck.ts';
import type { Target } from '../gpu/kernel/target.ts';
import { cover } from './cover.ts';
import {
  type Check,
  type Constants,
  constantsOf,
  costsOf,
  isLikeTimed,
  launchesOf,
  type Recorded,
  showsOf,
  switchesIn,
  tileOf,
  weightOf,
} from './features.ts';

/** A check with what it runs. */
export interface Known extends Recorded {
  readonly check: Check;
}

/** Launches of a case that is recorded in other tiles for being short, and how many of these. */
const SHORT = 3;
const MOST_SHORT = 24;

/**
 * Finds a few checks in which kernels are launched in every way that they are in all of those given: with each value of each switch
 * (transposed, masked, added to, with each epilogue), on sizes that no tile divides, for gradients, and for golden cases; the watched
 * kernel also in the tile in which it is timed. What uniforms alone tell apart, such as splits of a sum, is left to the others. Since
 * compiling takes longest, what shows all this is also recorded in the smallest tile and in the one that is timed, forwards alone and
 * with gradients.
 */
export function createCovering(
  target: Target,
  kernel: string,
  found: readonly Known[],
  record: (target: Target, own: Undifferentiated) => Known[],
) {
  const chosen = new Map<string, Check[]>();
  const covering = (
    kernels: ReadonlySet<string>,
    timed: Constants | undefined,
    without: ReadonlySet<Check>,
  ): Check[] => {
    const switches = switchesIn(found, kernels);
    const wanted = { kernels, switches, timed: timed && { kernel, constants: timed } };
    const candidates = (all: readonly Known[], costsOf: (own: Known) => ReadonlyMap<string, number>) =>
      all.map((own) => ({ own, shows: showsOf(own, wanted), costs: costsOf(own) }));
    const few = cover(candidates(found, ({ own, variant }) => new Map([[`${own.golden.name} ${variant.name}`, 1]])));
    // The largest, which fills most of a tile.
    const like = found.filter((own) => launches(own) <= SHORT && isLikeTimed(own, wanted)).reverse();
    const short = found.filter((own) => launches(own) <= SHORT);
    const cases = new Set([...few, ...like.slice(0, 1), ...short.slice(0, MOST_SHORT)].map(({ own }) => own));
    const inTile = (constants: Constants) =>
      [...cases]
        .flatMap((own) => [own, forwards(own)])
        .flatMap((own) => record({ ...target, tiles: { kernel, constants } }, own))
        .filter(({ kernels }) => kernels.has(kernel));
    const tiles = tilesOf(kernel, found, switches.get(kernel), timed);
    return cover(
      candidates(
        [...found, ...tiles.flatMap(inTile)].filter(({ check }) => !without.has(check)),
        (own) => costsOf(own, wanted),
      ),
    ).map(({ check }) => check);
  };
  return (kernels: ReadonlySet<string>, timed: Constants | undefined, without: ReadonlySet<Check>): Check[] => {
    const key = JSON.stringify([...kernels, timed, without.size]);
    const known = chosen.get(key) ?? covering(kernels, timed, without);
    chosen.set(key, known);
    return known;
  };
}

/** The smallest tile, if there are several then one that is most like the tile that is timed, and that one. */
function tilesOf(
  kernel: string,
  found: readonly Known[],
  switches: ReadonlySet<string> | undefined,
  timed: Constants | undefined,
): Constants[] {
  const own = timed && tileOf(timed, switches);
  const unlike = (tile: Constants) => Object.entries(tile).filter(([name, value]) => own?.[name] !== value).length;
  const [least] = found
    .flatMap((known) => launchesOf(known, new Set([kernel])))
    .map((launch) => tileOf(constantsOf(launch), switches))
    .sort((a, b) => weightOf(a) - weightOf(b) || unlike(a) - unlike(b));
  return [least, own].flatMap((tile) => (tile ? [tile] : []));
}

const launches = ({ variant }: Known): number => variant.recorded.tape.dispatches.length;

/** The same without its gradients. */
function forwards({ golden }: Undifferentiated): Undifferentiated {
  const values = { ...golden, grads: {}, upstreams: {} };
  return { golden: values, differentiate: () => values };
}
