// The comparison in words.
import { type Group, groups, type ReportData, type Run, statistic } from './data.ts';

interface Score {
  readonly value: (run: Run) => number | undefined;
  /** 1 where larger is better, -1 where smaller is. */
  readonly sign: 1 | -1;
  readonly show: (value: number) => string;
}

const TOP1: Score = { value: (run) => run.top1, sign: 1, show: (value) => `${value.toFixed(2)}\u00a0%` };
const S_DBW: Score = { value: (run) => run.s_dbw, sign: -1, show: (value) => value.toFixed(3) };

interface Ranking {
  /** Methods that share the first place, as far as the shown digits tell. */
  readonly first: readonly string[];
  readonly best: string;
  /** The next method and its score; absent where all are first. */
  readonly next?: { readonly label: string; readonly score: string };
}

/** One paragraph on who is best in what, and under which conditions the methods were compared. */
export function summary(data: ReportData): string {
  const methods = groups(data.runs);
  if (methods.length === 0) return 'No run was made.';
  const accuracy = rank(methods, TOP1);
  const clusters = rank(methods, S_DBW);
  const findings = methods.length === 1 ? alone(accuracy, clusters) : compared(accuracy, clusters);
  return [...findings, conditions(data)].join(' ');
}

function rank(methods: readonly Group[], { value, sign, show }: Score): Ranking | undefined {
  const scored = methods
    .flatMap(({ label, runs }) => {
      const score = statistic(runs.map(value));
      return score ? [{ label, mean: score.mean, score: show(score.mean) }] : [];
    })
    .sort((a, b) => sign * (b.mean - a.mean));
  const best = scored[0]?.score;
  if (best === undefined) return undefined;
  const next = scored.find(({ score }) => score !== best);
  return { first: scored.filter(({ score }) => score === best).map(({ label }) => label), best, ...(next && { next }) };
}

function alone(accuracy?: Ranking, clusters?: Ranking): string[] {
  const scores = [
    ...(accuracy ? [`a top-1 accuracy of ${accuracy.best}`] : []),
    ...(clusters ? [`an S_Dbw of ${clusters.best}`] : []),
  ];
  const [label] = accuracy?.first ?? clusters?.first ?? [];
  return label === undefined ? [] : [`${label} reaches ${scores.join(' and ')}.`];
}

function compared(accuracy?: Ranking, clusters?: Ranking): string[] {
  const sameWinner =
    accuracy?.first.length === 1 && clusters?.first.length === 1 && accuracy.first[0] === clusters.first[0];
  return [
    ...(accuracy ? [sentence(accuracy, 'the highest top-1 accuracy')] : []),
    ...(clusters ? [sentence(clusters, 'the lowest, hence best, S_Dbw', sameWinner)] : []),
  ];
}

function sentence({ first, best, next }: Ranking, what: string, again = false): string {
  const subject = again ? 'It also' : list(first);
  const verb = first.length === 1 ? 'has' : 'share';
  const rest = next ? `, followed by ${next.label} with ${next.score}` : '';
  return `${subject} ${verb} ${what}: ${best}${rest}.`;
}

function conditions({ runs, settings, before, adapter }: ReportData): string {
  const epochs = [...new Set(runs.map((run) => run.epochs))].sort((a, b) => a - b);
  const seeds = [...new Set(runs.map((run) => run.seed))].sort((a, b) => a - b);
  const { checkpoint } = settings;
  const start =
    checkpoint !== undefined ? ` from the checkpoint ${checkpoint}` : before ? ' from the same checkpoint' : '';
  const subject = runs.length === 1 ? 'The run' : 'Every run';
  const [fewest, most] = [epochs[0]!, epochs.at(-1)!];
  const length = fewest === most ? ` for ${fewest} ${fewest === 1 ? 'epoch' : 'epochs'}` : '';
  const seed = seeds.length === 1 ? `with seed\u00a0${seeds[0]}` : `with one of the seeds ${list(seeds.map(String))}`;
  const unequal =
    fewest === most
      ? ''
      : ` Epochs differ between runs (${fewest} to ${most}), so scores do not compare as they stand.`;
  return `${subject} trained${start}${length}, ${seed}, on ${adapter}.${unequal}`;
}

/** "a", "a and b", "a, b and c". */
export function list(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
