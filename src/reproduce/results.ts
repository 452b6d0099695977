// A collected experiment for programs, and for the pages that draw its runs.
import type { ReportData, Run } from '../report/data.ts';
import type { Outcome } from './cell.ts';
import type { Collected } from './collect.ts';
import { type DataSet, dataTitle } from './experiment.ts';
import type { Plan } from './plan.ts';

/** The content of `results.json`: the table, and each cell that is done. */
export function resultsOf(
  { experiment, scale, entries }: Plan,
  { columns, rows }: Collected,
  outcomes: ReadonlyMap<string, Outcome>,
) {
  return {
    experiment: experiment.name,
    title: experiment.title,
    scale: scale.name,
    measure: experiment.measure.heading,
    columns,
    rows: rows.map(({ label, places }) => ({
      label,
      places: places.map(({ values, ...place }) => ({
        ...place,
        values: Object.fromEntries(values),
      })),
    })),
    cells: entries.map(({ row, dataSet, seed, hash, cell }) => {
      const outcome = outcomes.get(hash);
      return { ...{ row, dataSet, seed, hash, ...cell }, ...(outcome && scoresOf(outcome)) };
    }),
  };
}

function scoresOf({ run, adapter, worker }: Outcome) {
  const { top1, knn, s_dbw, scat, dens_bw, seconds, epochs, selected, setup } = run;
  return {
    ...{ top1: top1 ?? null, knn: knn ?? null, s_dbw: s_dbw ?? null, scat: scat ?? null, dens_bw: dens_bw ?? null },
    ...{ seconds: seconds ?? null, epochs, adapter, ...(worker && { worker }), ...(selected && { selected }), setup },
  };
}

/** The runs of an experiment on one data set as a report shows them, each under its row's name. */
export function reportOf(plan: Plan, dataSet: DataSet, outcomes: ReadonlyMap<string, Outcome>): ReportData {
  const { experiment, scale } = plan;
  const done = plan.entries.flatMap((entry) => {
    const outcome = entry.dataSet === dataSet ? outcomes.get(entry.hash) : undefined;
    return outcome ? [{ row: entry.row, outcome }] : [];
  });
  // Rows differ in more than what a report tells runs apart by.
  const runs = done.map(({ row, outcome }): Run => ({ ...outcome.run, title: row }));
  const [{ outcome: first } = {}] = done;
  const before = done.find(({ outcome }) => outcome.before)?.outcome.before;
  return {
    title: `${experiment.title} on ${dataTitle(dataSet)}`,
    adapter: [...new Set(done.map(({ outcome }) => outcome.adapter))].join(', '),
    created: new Date().toISOString().slice(0, 10),
    settings: Object.fromEntries(Object.entries(scale.base).map(([name, value]) => [name, String(value)])),
    classes: first?.classes ?? [],
    ...(first?.tested !== undefined && { tested: first.tested }),
    ...(before && { before }),
    runs: plan.rows.flatMap(({ label }) => runs.filter(({ title }) => title === label)),
  };
}
