// What is not as in the paper.
import { list } from '../report/summary.ts';
import type { Outcome } from './cell.ts';
import { type Condition, dataTitle, type Experiment } from './experiment.ts';
import type { Plan } from './plan.ts';
import { PAPER_CONDITIONS } from './scales.ts';
import type { Table } from './table.ts';

/** The conditions that differ from the paper's, and what is known of the adapters and the images. */
export function conditionTable(
  { scale, dataSets, seeds, experiment }: Plan,
  outcomes: ReadonlyMap<string, Outcome>,
): Table {
  const own = { ...scale.conditions, seeds: list(seeds.map(String)) };
  const paper = { ...PAPER_CONDITIONS, data: imagesOf(experiment) };
  const differing = (Object.keys(PAPER_CONDITIONS) as Condition[]).filter(
    (name) => own[name] !== PAPER_CONDITIONS[name] && !experiment.varied?.includes(name),
  );
  const adapters = [...new Set([...outcomes.values()].map(({ adapter }) => adapter))];
  const left = experiment.dataSets.filter((dataSet) => !scale.standIn && !dataSets.includes(dataSet));
  return {
    title: 'What is not as in the paper',
    head: ['condition', 'paper', 'here'],
    rows: [
      ...differing.map((name) => [name, paper[name], own[name]]),
      ...(adapters.length > 0 ? [['device', 'one GPU, not told which', list(adapters)]] : []),
    ],
    notes: [
      ...(experiment.part ? [experiment.part] : []),
      ...(left.length > 0 ? [`Left out: ${list(left.map(dataTitle))}.`] : []),
    ],
    isText: true,
  };
}

/** What an experiment of the paper was made of. */
const imagesOf = ({ dataSets: [first, ...others] }: Experiment): string =>
  first && others.length === 0 ? dataTitle(first) : PAPER_CONDITIONS.data;
