// Which cells an experiment takes, with the data and weights that there are.
import { type Cell, type Content, hashOfCell } from './cell.ts';
import { type DataSet, dataTitle, type Experiment, type Row, type Scale, type Start } from './experiment.ts';

/** What trainings can be given: data sets and checkpoints by what they are for. */
export interface Sources {
  /** Folders; the embedded images have none. */
  readonly data: Partial<Record<DataSet, { readonly path?: string } & Content>>;
  readonly weights: Partial<Record<Start, { readonly path: string; readonly name: string } & Content>>;
}

/** Where a cell's data and weights lie; the embedded images have no path, and random values none either. */
export interface Places {
  readonly data?: string;
  readonly weights?: string;
}

/** The places of what a cell of a plan with these sources needs. */
export function placesOf({ data, weights }: Cell, sources: Sources): Places {
  const path = sources.data[data.name]?.path;
  const from = Object.values(sources.weights).find(({ sha256 }) => sha256 === weights?.sha256);
  return { ...(path !== undefined && { data: path }), ...(from && { weights: from.path }) };
}

/** A cell's place in a table. */
export interface Entry {
  readonly row: string;
  readonly dataSet: DataSet;
  readonly seed: number;
  readonly hash: string;
  readonly cell: Cell;
}

export interface Plan {
  readonly experiment: Experiment;
  readonly scale: Scale;
  readonly seeds: readonly number[];
  readonly rows: readonly Row[];
  readonly dataSets: readonly DataSet[];
  /** Seed after seed, so that the first ones already fill the table. */
  readonly entries: readonly Entry[];
  /** What rows are not what they are called, or are left out, in sentences. */
  readonly notes: readonly string[];
}

/** Lays out an experiment. `dataSets` are some of those that it has, all unless given. */
export function planOf(
  experiment: Experiment,
  scale: Scale,
  sources: Sources,
  { seeds = scale.seeds, dataSets = dataSetsOf(experiment, scale) }: Partial<Pick<Plan, 'seeds' | 'dataSets'>> = {},
): Plan {
  const rows = experiment.rows(scale);
  const notes = new Set<string>();
  const startOf = (row: Row, start: Start): { start?: Start } | undefined => {
    if (sources.weights[start]) return { start };
    const other = scale.inPlaceOf?.[start];
    notes.add(other?.note ?? `${row.label} is left out: there is no ${start} checkpoint for it.`);
    return other;
  };
  const trained = rows.flatMap((row) => {
    const started = row.train && startOf(row, row.train.start);
    return row.train && started ? [{ ...row, settings: row.train.settings, start: started.start }] : [];
  });
  const entries = seeds.flatMap((seed) =>
    dataSets.flatMap((dataSet) =>
      trained.map(({ label, settings, start }): Entry => {
        const weights = start && sources.weights[start];
        const cell: Cell = {
          settings: { ...scale.base, ...settings, seed },
          data: { name: dataSet, sha256: contentOf(sources, dataSet) },
          ...(weights && { weights: { name: weights.name, sha256: weights.sha256 } }),
        };
        return { row: label, dataSet, seed, hash: hashOfCell(cell), cell };
      }),
    ),
  );
  return { experiment, scale, seeds, rows, dataSets, entries, notes: [...notes] };
}

function contentOf({ data }: Sources, dataSet: DataSet): string {
  const found = data[dataSet];
  if (!found) throw new Error(`A cell of ${dataTitle(dataSet)} cannot be named: its images were not given.`);
  return found.sha256;
}

/** The data sets of an experiment at a scale. */
export const dataSetsOf = ({ dataSets }: Experiment, { standIn }: Scale): readonly DataSet[] =>
  standIn ? [standIn] : dataSets;
