// Which cells an experiment takes, with the data and weights that there are.
import { type Cell, hashOfCell } from './cell.ts';
import type { DataSet, Experiment, Row, Scale, Start } from './experiment.ts';

/** What trainings can be given: data sets and checkpoints by what they are for. */
export interface Sources {
  /** Folders; the embedded images have none. */
  readonly data: Partial<Record<DataSet, { readonly path?: string }>>;
  readonly weights: Partial<Record<Start, { readonly path: string; readonly name: string; readonly sha256: string }>>;
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
          data: dataSet,
          ...(weights && { weights: { name: weights.name, sha256: weights.sha256 } }),
        };
        return { row: label, dataSet, seed, hash: hashOfCell(cell), cell };
      }),
    ),
  );
  return { experiment, scale, seeds, rows, dataSets, entries, notes: [...notes] };
}

/** The data sets of an experiment at a scale. */
export const dataSetsOf = ({ dataSets }: Experiment, { standIn }: Scale): readonly DataSet[] =>
  standIn ? [standIn] : dataSets;
