import { median, quantile } from '../quantile.ts';
import { type RoundOptions, type Run, type Taken, takeTurns } from './timing.ts';

/** How long one way takes by another, each compiled several times. */
export interface Comparison {
  /** Milliseconds of an execution: of each copy the fastest, of these the median. */
  readonly before: number;
  readonly after: number;
  /** Of the same, half of the range that the middle half of the copies covers. */
  readonly spread: { readonly before: number; readonly after: number };
  /** after / before, and the interval that holds the true ratio with 95 % or more. */
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

/**
 * How often each way is compiled. Where a driver puts the code of a kernel changes its time by up to a tenth on processors
 * (SwiftShader, matrix products), always the same for one compilation and by chance for the next; so one compilation each would
 * tell chance as a difference, however often it runs. What is known beforehand is compiled more often, so that little of what is
 * new has to be waited for: 6 and 3 can tell more than 4 and 4, the least of which 95 % can be said.
 */
export const COPIES = { before: 6, after: 3 };

/** Fewer samples than these may all meet an interruption. */
const FEWEST = 3;

/** A copy's fastest time is known when another one is longer by no more than this share of it. */
const SETTLED = 0.03;

/**
 * Times the copies of two ways in turn, until the fastest time of each was met twice, so many rounds are over, or each copy has taken
 * its share of the budget.
 */
export async function compareRuns(
  before: readonly Run[],
  after: readonly Run[],
  { budget, ...options }: RoundOptions,
): Promise<Comparison> {
  // Both ways are spread over a round, so that what holds up a part of it meets them alike.
  const spread = (runs: readonly Run[], way: string) =>
    runs.map((run, index) => ({ run, way, at: (index + 0.5) / runs.length }));
  const all = [...spread(before, 'before'), ...spread(after, 'after')].sort((a, b) => a.at - b.at);
  const isEnough = (_own: Taken, taken: readonly Taken[]) =>
    taken.every(({ samples }) => {
      const [least = 0, next = 0] = [...samples].sort((a, b) => a - b);
      return next <= (1 + SETTLED) * least;
    });
  const taken = await takeTurns(
    all.map(({ run }) => run),
    { isEnough, ...options, budget: budget / all.length },
    FEWEST,
  );
  // Whatever else the machine does only adds to a time.
  const fastest = taken.map(({ samples }, index) => ({ way: all[index]?.way, time: Math.min(...samples) }));
  const timesOf = (wanted: string) => fastest.filter(({ way }) => way === wanted).map(({ time }) => time);
  return compareTimes(timesOf('before'), timesOf('after'));
}

/**
 * The shift between two samples, whatever their distribution: the median of all pairs' ratios (Hodges and Lehmann), and the
 * ratios between which the true one lies with 95 % or more by the test of Mann and Whitney. With fewer than four of each no
 * ratios do; all there are is then what can be said.
 */
export function compareTimes(before: readonly number[], after: readonly number[]): Comparison {
  const ratios = after.flatMap((one) => before.map((other) => one / other)).sort((a, b) => a - b);
  const drop = outside(before.length, after.length);
  return {
    before: median(before),
    after: median(after),
    spread: { before: spreadOf(before), after: spreadOf(after) },
    ratio: median(ratios),
    low: ratios[drop] ?? Number.NaN,
    high: ratios[ratios.length - 1 - drop] ?? Number.NaN,
  };
}

const spreadOf = (times: readonly number[]): number => (quantile(times, 0.75) - quantile(times, 0.25)) / 2;

/** How many pairs at either end the interval leaves out: the largest u with P(U < u) at most 2.5 %, of samples of m and n. */
function outside(m: number, n: number): number {
  // ways[u]: the orders of m and n samples in which u pairs are reversed, one more sample of the m at a time.
  const orders = (ones: number, others: number, reversed: number): number => {
    if (reversed < 0) return 0;
    if (ones === 0 || others === 0) return reversed === 0 ? 1 : 0;
    return orders(ones - 1, others, reversed - others) + orders(ones, others - 1, reversed);
  };
  const all = Array.from({ length: m * n + 1 }, (_, u) => orders(m, n, u)).reduce((sum, ways) => sum + ways, 0);
  let u = 0;
  for (let below = orders(m, n, 0); below / all <= 0.025; below += orders(m, n, u)) u += 1;
  return Math.max(u - 1, 0);
}

/** A smaller share than this of a time is told by chance too often: fastest times are known to a few of these alone. */
const LEAST = 0.01;

/** What a comparison shows: a difference where the interval does not hold a ratio of 1, and the ratio is not all but 1. */
export function verdictOf({
  ratio,
  low,
  high,
}: Pick<Comparison, 'ratio' | 'low' | 'high'>): 'faster' | 'slower' | 'open' {
  if (high < 1 && ratio < 1 - LEAST) return 'faster';
  return low > 1 && ratio > 1 + LEAST ? 'slower' : 'open';
}

/** "faster by 7.0 % (5.8 to 8.2)", "slower by …", or "no difference shown (−7.0 %, −20.0 to +1.0)", with the interval. */
export function inWords(comparison: Pick<Comparison, 'ratio' | 'low' | 'high'>): string {
  const verdict = verdictOf(comparison);
  const { ratio, low, high } = comparison;
  const percent = (share: number) => (100 * share).toFixed(1);
  if (verdict === 'faster') return `faster by ${percent(1 - ratio)} % (${percent(1 - high)} to ${percent(1 - low)})`;
  if (verdict === 'slower') return `slower by ${percent(ratio - 1)} % (${percent(low - 1)} to ${percent(high - 1)})`;
  const signed = (share: number) => `${share < 0 ? '−' : '+'}${percent(Math.abs(share))}`;
  return `no difference shown (${signed(ratio - 1)} %, ${signed(low - 1)} to ${signed(high - 1)})`;
}
