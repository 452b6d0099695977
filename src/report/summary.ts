// The comparison in words.
import { groups, type ReportData } from './data.ts';
import { KNN, type Ranking, rank, S_DBW, TOP1 } from './ranking.ts';

/** One paragraph on who is best in what, and under which conditions the methods were compared. */
export function summary(data: ReportData): string {
  const methods = groups(data.runs);
  if (methods.length === 0) return 'No run was made.';
  const ranking = (score: typeof TOP1) => rank(methods, score, data.tested);
  const [top1, knn, clusters] = [ranking(TOP1), ranking(KNN), ranking(S_DBW)];
  const [accuracy, name] = top1.order.length > 0 ? [top1, 'top-1 accuracy'] : [knn, 'k-NN accuracy'];
  const findings = methods.length === 1 ? alone(accuracy, name, clusters) : compared(accuracy, name, clusters);
  return [...findings, conditions(data)].join(' ');
}

const percent = (shown: string) => `${shown}\u00a0%`;
const plain = (shown: string) => shown;

function alone({ order: [accuracy] }: Ranking, name: string, { order: [clusters] }: Ranking): string[] {
  const scores = [
    ...(accuracy ? [`a ${name} of ${percent(accuracy.shown)}`] : []),
    ...(clusters ? [`an S_Dbw of ${clusters.shown}`] : []),
  ];
  const { label } = (accuracy ?? clusters)?.group ?? {};
  return label === undefined ? [] : [`${label} reaches ${scores.join(' and ')}.`];
}

function compared(accuracy: Ranking, name: string, clusters: Ranking): string[] {
  const [first, second] = [firstOf(accuracy), firstOf(clusters)];
  const sameWinner = first.length === 1 && first[0] === second[0] && second.length === 1;
  return [
    ...sentence(accuracy, `the highest ${name}`, percent),
    ...sentence(clusters, 'the lowest, hence best, S_Dbw', plain, sameWinner),
  ];
}

/** Those that share the first place, as far as the shown digits tell. */
const firstOf = ({ order }: Ranking): string[] =>
  order.filter(({ shown }) => shown === order[0]?.shown).map(({ group }) => group.label);

const DOUBTS = {
  tie: '',
  intervals: ', which these test images do not tell apart (95\u00a0% intervals meet)',
  seeds: ', though not with every seed',
};

function sentence(ranking: Ranking, what: string, show: (shown: string) => string, again = false): string[] {
  const first = firstOf(ranking);
  const [best] = ranking.order;
  if (!best) return [];
  const next = ranking.order[first.length];
  const subject = again ? 'It also' : list(first);
  const verb = first.length === 1 ? 'has' : 'share';
  const doubt = ranking.doubt ? DOUBTS[ranking.doubt] : '';
  const rest = next ? `, followed by ${next.group.label} with ${show(next.shown)}${doubt}` : '';
  return [`${subject} ${verb} ${what}: ${show(best.shown)}${rest}.`];
}

function conditions({ runs, settings, before, adapter }: ReportData): string {
  const epochs = [...new Set(runs.map((run) => run.epochs))].sort((a, b) => a - b);
  const seeds = [...new Set(runs.map((run) => run.seed))].sort((a, b) => a - b);
  const { checkpoint } = settings;
  const start =
    checkpoint !== undefined
      ? ` from the checkpoint ${checkpoint}`
      : before && !before.label
        ? ' from the same checkpoint'
        : '';
  const subject = runs.length === 1 ? 'The run' : 'Every run';
  const [fewest, most] = [epochs[0]!, epochs.at(-1)!];
  const length = fewest === most ? ` for ${fewest} ${fewest === 1 ? 'epoch' : 'epochs'}` : '';
  const seed = seeds.length === 1 ? `with seed\u00a0${seeds[0]}` : `with one of the seeds ${list(seeds.map(String))}`;
  const unequal =
    fewest === most
      ? ''
      : ` Epochs differ between runs (${fewest} to ${most}), so scores do not compare as they stand.`;
  // A checkpoint's scores say nothing of how it was trained.
  if (runs.every(({ seconds }) => seconds === undefined)) return `Scored on ${adapter}.`;
  return `${subject} trained${start}${length}, ${seed}, on ${adapter}.${unequal}`;
}

/** "a", "a and b", "a, b and c". */
export function list(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
