// The comparison of runs as a table: its cells, and its two forms in plain text.
import { alignColumns } from './align.ts';
import { type FlatScores, type Group, groups, type ReportData, type Statistic, statistic } from './data.ts';
import { markdownLines } from './markdown.ts';
import { intervalOf, KNN, PROBE, rank, S_DBW, type Score, TOP1, TOP5 } from './ranking.ts';

interface Column extends Omit<Score, 'better'> {
  readonly heading: string;
  readonly unit?: string;
  /** Which values are good; absent for what methods do not compete in. */
  readonly better?: Score['better'];
  /** Whether it was chosen before the run: equal within a row, and in no need of trailing zeros. */
  readonly setting?: boolean;
}

/** All columns after the method's name. A time depends on what else the machine did, so nobody is best in it. */
const COLUMNS: readonly Column[] = [
  { heading: 'Top-1', unit: '%', ...TOP1 },
  { heading: 'Top-5', unit: '%', ...TOP5 },
  { heading: 'ECE', unit: '%', digits: 1, better: 'lower', value: (run) => run.ece },
  { heading: 'k-NN', unit: '%', ...KNN },
  { heading: 'Linear probe', unit: '%', ...PROBE },
  { heading: 'S_Dbw', ...S_DBW },
  { heading: 'Scat', digits: 3, better: 'lower', value: (run) => run.scat },
  { heading: 'Dens_bw', digits: 3, better: 'lower', value: (run) => run.dens_bw },
  { heading: 'Time', unit: 's', digits: 1, value: (run) => run.seconds },
  { heading: 'Epochs', digits: 0, setting: true, value: (run) => run.epochs },
  { heading: 'α', digits: 2, setting: true, value: (run) => run.alpha },
];

/** Not in every report: a model without a classifier has only the accuracy of neighbours, and few classes have no five best. */
const SOMETIMES = ['Top-1', 'Top-5', 'ECE', 'k-NN', 'Linear probe', 'Time'];

/** Those of a report. */
export function columnsOf({ runs }: Pick<ReportData, 'runs'>): Column[] {
  return COLUMNS.filter(
    ({ heading, value }) => !SOMETIMES.includes(heading) || runs.some((run) => value(run) !== undefined),
  );
}

export interface Cell {
  readonly text: string;
  /** The 95 % interval of a share of the test images, such as "83.4–86.5". */
  readonly interval?: string;
  /** Whether no other row comes near, as far as the runs tell: see `Ranking`. */
  readonly best: boolean;
}

export interface Row {
  readonly label: string;
  /** The checkpoint, which is shown beside the methods but does not compete. */
  readonly reference: boolean;
  readonly cells: readonly Cell[];
}

const NOTHING = '–';

/** The rows of the comparison: the checkpoint where it is scored, then one row for each method. */
export function comparison({ runs, before, tested }: ReportData): Row[] {
  const methods = groups(runs);
  const columns = columnsOf({ runs });
  const cells = columns.map((column) => cellsOf(column, methods, tested));
  const rows = methods.map(({ label }, row) => ({
    label,
    reference: false,
    cells: cells.map((column) => column[row]!),
  }));
  const scored = before && columns.some(({ value }) => value(before) !== undefined);
  return scored ? [referenceRow(before, columns, tested), ...rows] : rows;
}

const referenceRow = (
  before: FlatScores & { readonly label?: string },
  columns: readonly Column[],
  tested: ReportData['tested'],
): Row => ({
  label: before.label ?? 'Checkpoint',
  reference: true,
  cells: columns.map((column) => cellOf(statistic([column.value(before)]), column, tested, false)),
});

function cellsOf(column: Column, methods: readonly Group[], tested: ReportData['tested']): Cell[] {
  const { better } = column;
  const ranking = better && rank(methods, { ...column, better }, tested);
  const isDecided = ranking !== undefined && ranking.order.length > 1 && !ranking.doubt;
  return methods.map((group) =>
    cellOf(statistic(group.runs.map(column.value)), column, tested, isDecided && ranking.order[0]?.group === group),
  );
}

function cellOf(value: Statistic | undefined, column: Column, tested: ReportData['tested'], best: boolean): Cell {
  const interval = value && column.share && tested !== undefined ? intervalOf(value.mean, tested) : undefined;
  return {
    text: show(value, column),
    ...(interval && { interval: interval.map((end) => end.toFixed(1)).join('–') }),
    best,
  };
}

function show(value: Statistic | undefined, { digits, setting }: Column): string {
  if (!value) return NOTHING;
  if (setting) return String(Number(value.mean.toFixed(digits)));
  const mean = value.mean.toFixed(digits);
  return value.sd === undefined ? mean : `${mean} ± ${value.sd.toFixed(digits)}`;
}

/** What the marks beside numbers mean: sentences without their full stops, where there is anything to tell. */
export function legend(data: ReportData): { interval?: string; best?: string; missing?: string } {
  const cells = comparison(data).flatMap((row) => row.cells);
  const { tested, runs, before } = data;
  const why = [...runs, ...(before ? [before] : [])].find((scores) => scores.s_dbw_undefined)?.s_dbw_undefined;
  return {
    ...(tested !== undefined &&
      cells.some(({ interval }) => interval) && {
        interval: `95 % interval of an accuracy on ${tested.toLocaleString('en')} test images (Wilson)`,
      }),
    ...(cells.some(({ best }) => best) && {
      best: 'best of its column: with every seed and, for accuracies, with intervals that do not meet',
    }),
    ...(why && { missing: why.replace(/\.$/, '') }),
  };
}

const titled = ({ heading, unit }: Column) => (unit ? `${heading} (${unit})` : heading);

const withInterval = ({ text, interval }: Cell): string => (interval ? `${text} (${interval})` : text);

/** The comparison for a terminal: aligned columns, the best of each marked by an asterisk. */
export function textTable(data: ReportData): string {
  const rows = comparison(data);
  const drawn = alignColumns([
    ['Method', ...columnsOf(data).map((column) => `${titled(column)} `)],
    ...rows.map(({ label, cells }) => [label, ...cells.map((cell) => `${withInterval(cell)}${cell.best ? '*' : ' '}`)]),
  ]);
  const rule = '─'.repeat(Math.max(...drawn.map((line) => [...line].length)));
  const { interval, best, missing } = legend(data);
  const notes = [
    ...(interval ? [`(…) ${interval}`] : []),
    ...(best ? [`* ${best}`] : []),
    ...(missing ? [missing] : []),
  ];
  return [drawn[0], rule, ...drawn.slice(1), ...notes].join('\n');
}

/** The comparison in Markdown, the best of each column in bold. */
export function markdownTable(data: ReportData): string {
  const emphasised = (cell: Cell) => (cell.best ? `**${cell.text}**` : cell.text);
  return markdownLines(
    ['Method', ...columnsOf(data).map(titled)],
    comparison(data).map(({ label, cells }) => [
      label,
      ...cells.map((cell) => withInterval({ ...cell, text: emphasised(cell) })),
    ]),
  ).join('\n');
}
