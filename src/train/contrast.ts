import { CONTRAST_SUMS } from '../ops/contrast.ts';

/** How well the features of a contrastive loss find each other within their batches, over an epoch. */
export interface Contrast {
  /** Percent of the rows that have no positive in their batch. */
  readonly alone: number;
  /** Percent of the others that have a positive nearest to them; absent where there are none. */
  readonly top1?: number;
  /** The mean of |v - v'|² over pairs of positives, 0 to 4, lower is better; absent where there are none. */
  readonly alignment?: number;
  /** log of the mean of exp(-2 |v - v'|²) over all pairs of a batch, -8 to 0, lower is better. */
  readonly uniformity: number;
}

/** Before the names of sums over an epoch that are none of losses. */
const PREFIX = 'contrast.';

export const isContrast = (name: string): boolean => name.startsWith(PREFIX);

/** What `contrast` gives of a batch, by the names under which it is summed up. */
export const namedSums = (values: ArrayLike<number>): [name: string, value: number][] =>
  CONTRAST_SUMS.map((name, i) => [PREFIX + name, values[i] as number]);

/** What the sums of an epoch say; undefined where there are none. */
export function contrastOf(sums: Readonly<Record<string, number>>): Contrast | undefined {
  const [alone, found, positives, distance, potential, others, rows] = CONTRAST_SUMS.map(
    (name) => sums[PREFIX + name] ?? 0,
  ) as [number, number, number, number, number, number, number];
  if (others === 0) return undefined;
  return {
    alone: (100 * alone) / rows,
    ...(rows > alone && { top1: (100 * found) / (rows - alone) }),
    ...(positives > 0 && { alignment: distance / positives }),
    uniformity: Math.log(potential / others),
  };
}
