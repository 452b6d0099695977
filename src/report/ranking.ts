// Who is best in a score, and whether that may be chance.
import { wilson } from '../metrics/wilson.ts';
import { type Group, type ReportData, type Run, statistic } from './data.ts';

/** Something that runs are compared by. */
export interface Score {
  readonly value: (run: Partial<Run>) => number | undefined;
  readonly better: 'higher' | 'lower';
  /** Digits behind the point that are shown. */
  readonly digits: number;
  /** Whether it is a share of the test images in percent, which tells how far chance in their choice goes. */
  readonly share?: boolean;
  /** Whether it is the classifier's, and chance before that is trained. */
  readonly classified?: boolean;
}

export const TOP1: Score = { value: (run) => run.top1, better: 'higher', digits: 2, share: true, classified: true };
export const TOP5: Score = { ...TOP1, value: (run) => run.top5 };
export const KNN: Score = { value: (run) => run.knn, better: 'higher', digits: 2, share: true };
export const PROBE: Score = { value: (run) => run.probe, better: 'higher', digits: 2, share: true };
export const S_DBW: Score = { value: (run) => run.s_dbw, better: 'lower', digits: 3 };

export interface Ranked {
  readonly group: Group;
  /** The mean of the group's runs with the digits that are shown. */
  readonly shown: string;
}

export interface Ranking {
  /** The best first; groups without the score are left out. */
  readonly order: readonly Ranked[];
  /**
   * Why the first need not be the best: the next one shows the same value, their intervals meet, or not every seed says so.
   * Undefined where nothing speaks against it, or there is no other.
   */
  readonly doubt?: 'tie' | 'intervals' | 'seeds';
}

/** The interval that 95 % of choices of so many test images leave around a percentage of them. */
export function intervalOf(percent: number, tested: number): readonly [low: number, high: number] {
  const [low, high] = wilson(percent / 100, tested);
  return [100 * low, 100 * high];
}

export function rank(groups: readonly Group[], score: Score, tested: ReportData['tested']): Ranking {
  const sign = score.better === 'higher' ? 1 : -1;
  const sorted = groups
    .flatMap((group) => {
      const mean = statistic(group.runs.map(score.value))?.mean;
      return mean === undefined ? [] : [{ group, mean, shown: mean.toFixed(score.digits) }];
    })
    .sort((a, b) => sign * (b.mean - a.mean));
  const [first, ...others] = sorted;
  const meets = ({ mean }: { mean: number }) =>
    score.share === true &&
    tested !== undefined &&
    intervalOf(mean, tested)[1] >= intervalOf((first as { mean: number }).mean, tested)[0];
  const doubt = !first
    ? undefined
    : others.some(({ shown }) => shown === first.shown)
      ? 'tie'
      : others.some(meets)
        ? 'intervals'
        : others.some(({ group }) => !beats(first.group, group, score, sign))
          ? 'seeds'
          : undefined;
  return { order: sorted.map(({ group, shown }) => ({ group, shown })), ...(doubt && { doubt }) };
}

/** Whether one group's runs are better with every seed that both have; without such seeds, each than each. */
function beats(one: Group, other: Group, { value }: Score, sign: number): boolean {
  const pairs = one.runs.flatMap((run) => other.runs.map((rival) => [run, rival] as const));
  const paired = pairs.filter(([run, rival]) => run.seed === rival.seed);
  return (paired.length > 0 ? paired : pairs).every(([run, rival]) => {
    const [own, its] = [value(run), value(rival)];
    return own === undefined || its === undefined || sign * (own - its) > 0;
  });
}
