// From cells to the numbers of a table: by row and data set, with the paper's beside them.
import { isBeyondChance, type PairedDifference, pairedDifference } from '../metrics/paired.ts';
import { type Statistic, statistic } from '../report/data.ts';
import type { Outcome } from './cell.ts';
import { type DataSet, dataTitle, type Row } from './experiment.ts';
import type { Plan } from './plan.ts';

/** A column of a table: a data set, or the mean of all. */
export interface Column {
  readonly title: string;
  /** What the paper's values beside it are of. */
  readonly paper: string;
}

/** A place of a table. */
export interface Place {
  /** Values by seed. */
  readonly values: ReadonlyMap<number, number>;
  readonly statistic?: Statistic;
  readonly paper?: number;
  readonly comparison?: Comparison;
}

/** How a place differs from that of another row. */
export interface Comparison {
  readonly against: string;
  /** Over the seeds that both have; absent where there are none. */
  readonly here?: PairedDifference & { readonly isBeyondChance?: boolean };
  readonly paper?: number;
}

export interface Collected {
  readonly columns: readonly Column[];
  readonly rows: readonly { readonly label: string; readonly places: readonly Place[] }[];
}

const AVERAGE = 'average';

export function collect(plan: Plan, outcomes: ReadonlyMap<string, Outcome>): Collected {
  const { experiment, scale, rows, dataSets } = plan;
  const { measure } = experiment;
  const several = dataSets.length > 1;
  const keys: readonly (DataSet | typeof AVERAGE)[] = [...dataSets, ...(several ? ([AVERAGE] as const) : [])];
  const valuesIn = ({ label, isStart }: Row, dataSet: DataSet): Map<number, number> =>
    new Map(
      plan.entries
        .filter((entry) => (isStart || entry.row === label) && entry.dataSet === dataSet)
        .flatMap(({ seed, hash }) => {
          const run = outcomes.get(hash)?.run;
          const scores = isStart ? run?.evaluations.find(({ epoch }) => epoch === 0) : run;
          const value = scores && measure.value(scores);
          return value === undefined ? [] : [[seed, value] as const];
        }),
    );
  const valuesOf = (row: Row, key: (typeof keys)[number]) =>
    key === AVERAGE ? meanOf(dataSets.map((dataSet) => valuesIn(row, dataSet))) : valuesIn(row, key);
  const paperOf = ({ paper, average }: Row, key: (typeof keys)[number]): number | undefined => {
    if (scale.standIn) return average ?? paper?.[0];
    if (key === AVERAGE) return isWhole(plan) ? average : undefined;
    return paper?.[experiment.dataSets.indexOf(key)];
  };
  const placed = rows.map((row) => ({
    row,
    places: keys.map((key) => ({ values: valuesOf(row, key), paper: paperOf(row, key) })),
  }));
  return {
    columns: keys.map((key) => ({
      title: key === AVERAGE ? 'average' : dataTitle(key),
      paper: scale.standIn ? standsFor(experiment.dataSets) : 'paper',
    })),
    rows: placed.map(({ row, places }) => {
      const against = row.against ?? experiment.against;
      const other = against === row.label ? undefined : placed.find(({ row: { label } }) => label === against);
      return {
        label: row.label,
        places: places.map(({ values, paper }, column) => {
          const known = statistic([...values.values()]);
          const rival = (row.train || row.isStart) && other?.places[column];
          return {
            values,
            ...(known && { statistic: known }),
            ...(paper !== undefined && { paper }),
            ...(rival && against !== undefined && { comparison: { against, ...compare({ values, paper }, rival) } }),
          };
        }),
      };
    }),
  };
}

/** What the paper's value beside a stand-in is of. */
const standsFor = (dataSets: readonly DataSet[]): string =>
  dataSets.length === 1 ? `paper, ${dataTitle(dataSets[0] as DataSet)}` : `paper, average of ${dataSets.length}`;

/** Whether it has all of the paper's data sets, so that averages compare. */
const isWhole = ({ experiment, dataSets }: Plan): boolean => dataSets.length === experiment.dataSets.length;

/** At each seed that all have, the mean. */
function meanOf(all: readonly ReadonlyMap<number, number>[]): Map<number, number> {
  const seeds = [...(all[0]?.keys() ?? [])].filter((seed) => all.every((values) => values.has(seed)));
  return new Map(seeds.map((seed) => [seed, statistic(all.map((values) => values.get(seed)))?.mean as number]));
}

function compare(
  one: Pick<Place, 'values' | 'paper'>,
  other: Pick<Place, 'values' | 'paper'>,
): Omit<Comparison, 'against'> {
  const differences = [...one.values].flatMap(([seed, value]) => {
    const its = other.values.get(seed);
    return its === undefined ? [] : [value - its];
  });
  const here = pairedDifference(differences);
  return {
    ...(here && { here: { ...here, isBeyondChance: isBeyondChance(here) } }),
    ...(one.paper !== undefined && other.paper !== undefined && { paper: one.paper - other.paper }),
  };
}
