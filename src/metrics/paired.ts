// Whether two things that were tried under the same conditions differ by more than chance.

/** What a difference is over pairs: of one pair nothing more than the mean is known. */
export interface PairedDifference {
  readonly mean: number;
  readonly pairs: number;
  /** The 95 % interval of the mean; absent for a single pair. */
  readonly interval?: readonly [low: number, high: number];
}

/**
 * Student's t at 97.5 % by degrees of freedom from 1 (NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2). Beyond the last it
 * falls to 1.96; the last is taken, which makes intervals a little too wide.
 */
const T = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
] as const;

/**
 * The mean of differences with its 95 % interval by Student's paired t (Student, "The Probable Error of a Mean", Biometrika 6, 1908):
 * differences of pairs, such as seeds, taken as normally distributed. Undefined without pairs.
 */
export function pairedDifference(differences: readonly number[]): PairedDifference | undefined {
  const pairs = differences.length;
  if (pairs === 0) return undefined;
  const mean = differences.reduce((sum, value) => sum + value, 0) / pairs;
  if (pairs === 1) return { mean, pairs };
  const squares = differences.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const t = T[Math.min(pairs - 1, T.length) - 1] as number;
  const half = t * Math.sqrt(squares / (pairs - 1) / pairs);
  return { mean, pairs, interval: [mean - half, mean + half] };
}

/** Whether a difference is larger than chance: its interval does not hold 0. Undefined where a single pair cannot tell. */
export const isBeyondChance = ({ interval }: PairedDifference): boolean | undefined =>
  interval && (interval[0] > 0 || interval[1] < 0);
