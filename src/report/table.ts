// The comparison of runs as a table: its cells, and its two forms in plain text.
import { alignColumns } from './align.ts';
import { type FlatScores, type Group, groups, type ReportData, type Run, type Statistic, statistic } from './data.ts';

interface Column {
  readonly heading: string;
  readonly unit?: string;
  readonly digits: number;
  /** Which values are good; absent for settings. */
  readonly better?: 'higher' | 'lower';
  readonly value: (run: Partial<Run>) => number | undefined;
}

/** The columns after the method's name. */
export const columns: readonly Column[] = [
  { heading: 'Top-1', unit: '%', digits: 2, better: 'higher', value: (run) => run.top1 },
  { heading: 'S_Dbw', digits: 3, better: 'lower', value: (run) => run.s_dbw },
  { heading: 'Scat', digits: 3, better: 'lower', value: (run) => run.scat },
  { heading: 'Dens_bw', digits: 3, better: 'lower', value: (run) => run.dens_bw },
  { heading: 'Time', unit: 's', digits: 1, better: 'lower', value: (run) => run.seconds },
  { heading: 'Epochs', digits: 0, value: (run) => run.epochs },
  { heading: 'α', digits: 2, value: (run) => run.alpha },
];

export interface Cell {
  readonly text: string;
  /** Whether no other row has a better value, as far as the shown digits tell. */
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
export function comparison({ runs, before }: ReportData): Row[] {
  const methods = groups(runs);
  const cells = columns.map((column) => cellsOf(column, methods));
  const rows = methods.map(({ label }, row) => ({
    label,
    reference: false,
    cells: cells.map((column) => column[row]!),
  }));
  return isScored(before) ? [checkpointRow(before), ...rows] : rows;
}

function isScored(before: ReportData['before']): before is FlatScores {
  return before !== undefined && columns.some(({ value }) => value(before) !== undefined);
}

function checkpointRow(before: FlatScores): Row {
  const cells = columns.map((column) => ({ text: show(statistic([column.value(before)]), column), best: false }));
  return { label: 'Checkpoint', reference: true, cells };
}

function cellsOf(column: Column, methods: readonly Group[]): Cell[] {
  const values = methods.map(({ runs }) => statistic(runs.map(column.value)));
  const shown = values.map((value) => value?.mean.toFixed(column.digits));
  const candidates = shown.filter((text) => text !== undefined).map(Number);
  const best = column.better === 'higher' ? Math.max(...candidates) : Math.min(...candidates);
  const competes = column.better !== undefined && methods.length > 1;
  return values.map((value, row) => ({
    text: show(value, column),
    best: competes && shown[row] !== undefined && Number(shown[row]) === best,
  }));
}

function show(value: Statistic | undefined, { digits, better }: Column): string {
  if (!value) return NOTHING;
  // Settings are equal within a row and need no trailing zeros.
  if (!better) return String(Number(value.mean.toFixed(digits)));
  const mean = value.mean.toFixed(digits);
  return value.sd === undefined ? mean : `${mean} ± ${value.sd.toFixed(digits)}`;
}

const titled = ({ heading, unit }: Column) => (unit ? `${heading} (${unit})` : heading);

/** The comparison for a terminal: aligned columns, the best of each marked by an asterisk. */
export function textTable(data: ReportData): string {
  const rows = comparison(data);
  const drawn = alignColumns([
    ['Method', ...columns.map((column) => `${titled(column)} `)],
    ...rows.map(({ label, cells }) => [label, ...cells.map(({ text, best }) => `${text}${best ? '*' : ' '}`)]),
  ]);
  const rule = '─'.repeat(Math.max(...drawn.map((line) => [...line].length)));
  const legend = rows.some(({ cells }) => cells.some(({ best }) => best)) ? ['* best of its column'] : [];
  return [drawn[0], rule, ...drawn.slice(1), ...legend].join('\n');
}

/** The comparison in Markdown, the best of each column in bold. */
export function markdownTable(data: ReportData): string {
  const line = (cells: readonly string[]) => `| ${cells.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
  return [
    line(['Method', ...columns.map(titled)]),
    line(['---', ...columns.map(() => '---:')]),
    ...comparison(data).map(({ label, cells }) =>
      line([label, ...cells.map(({ text, best }) => (best ? `**${text}**` : text))]),
    ),
  ].join('\n');
}
