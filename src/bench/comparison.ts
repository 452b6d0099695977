import { median } from '../quantile.ts';
import { clock, type RoundOptions, type Run, timesFor } from './timing.ts';

/** How long one way takes by another, from samples that were taken in pairs. */
export interface Comparison {
  /** Milliseconds of an execution, medians. */
  readonly before: number;
  readonly after: number;
  /** The median of the pairs' ratios after / before, and an interval that holds the true one with 95 % or more. */
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

/** Fewer pairs have no interval of 95 %. */
const LEAST_PAIRS = 6;

/**
 * Times two runs in turn, each pair in the other order, so that whatever else the machine does meets both alike. It ends after
 * so many rounds, or once both together have taken the budget, but not before six pairs.
 */
export async function compareRuns(before: Run, after: Run, { rounds, budget }: RoundOptions): Promise<Comparison> {
  // The first execution pays for memory and caches.
  for (const run of [before, after]) await clock(run, 1);
  const times = timesFor(await clock(before, 1));
  const pairs: { before: number; after: number }[] = [];
  const started = performance.now();
  while (pairs.length < LEAST_PAIRS || (pairs.length < rounds && performance.now() - started < budget)) {
    const order = pairs.length % 2 === 0 ? [before, after] : [after, before];
    const [one = 0, other = 0] = [await clock(order[0]!, times), await clock(order[1]!, times)];
    const [own, edited] = order[0] === before ? [one, other] : [other, one];
    pairs.push({ before: own / times, after: edited / times });
  }
  return {
    before: median(pairs.map((pair) => pair.before)),
    after: median(pairs.map((pair) => pair.after)),
    ...medianInterval(pairs.map((pair) => pair.after / pair.before)),
  };
}

/**
 * The median of samples and the narrowest pair of them, from either end alike, between which the median of what they are drawn
 * from lies with 95 % or more, whatever its distribution (Conover, Practical Nonparametric Statistics, 3.2). Of fewer than six
 * samples no pair does; it is then all that can be had.
 */
export function medianInterval(samples: readonly number[]): { ratio: number; low: number; high: number } {
  const sorted = [...samples].sort((a, b) => a - b);
  const n = sorted.length;
  // The chance that at most `left` of n samples lie below the median: a binomial distribution of n tosses.
  let left = -1;
  let chance = 0;
  for (let ways = 1; chance + ways / 2 ** n <= 0.025; left++) {
    chance += ways / 2 ** n;
    ways = (ways * (n - left - 1)) / (left + 2);
  }
  const drop = Math.max(left, 0);
  return { ratio: median(sorted), low: sorted[drop] ?? Number.NaN, high: sorted[n - 1 - drop] ?? Number.NaN };
}

/** "faster by 7.0 ± 1.2 %", "slower by …", or "no difference shown" where the interval holds a ratio of 1. */
export function inWords({ ratio, low, high }: Comparison): string {
  const percent = (share: number) => (100 * share).toFixed(1);
  const change = `${percent(Math.abs(ratio - 1))} ± ${percent((high - low) / 2)} %`;
  if (high < 1) return `faster by ${change}`;
  if (low > 1) return `slower by ${change}`;
  return `no difference shown (${ratio < 1 ? '−' : '+'}${change})`;
}
