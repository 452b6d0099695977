import { geometricMean, median } from '../quantile.ts';
import type { Roofs } from '../report/roof.ts';
import type { Measurement } from './measure_case.ts';
import { type SideBySide, sideBySideTable } from './side_by_side.ts';

/** A measurement beside PyTorch's, where that was told. */
export interface Row extends Measurement {
  /** PyTorch's time by ours. */
  readonly torch?: number;
}

/** What bench/pytorch.py writes: milliseconds by case. */
export interface TorchTimes {
  /** PyTorch's version, device and settings. */
  readonly setup: string;
  readonly times: Readonly<Record<string, number>>;
}

/** A run, or several of one day on one adapter. */
export interface Report {
  readonly adapter: string;
  readonly description: string;
  readonly runtime: string;
  readonly date: string;
  readonly roofs: Roofs;
  readonly pytorch?: string;
  /** What else a reader should know of the run. */
  readonly note?: string;
  /** What the program was built from. */
  readonly commit?: string;
  /** Those that the browser was started with. */
  readonly flags?: string;
  /** WebGPU features that the device has. */
  readonly features?: readonly string[];
  /** Cases that could not be run, and candidates of others, as `CASE (CANDIDATE)`. */
  readonly failed: readonly string[];
  readonly rows: readonly Row[];
  /** The same cases and training steps in other engines. */
  readonly sideBySide?: readonly SideBySide[];
}

interface Column {
  readonly heading: string;
  /** Negative for text, which is aligned to the left. */
  readonly width: number;
  readonly value: (row: Row) => string;
}

export const columns: readonly Column[] = [
  { heading: 'case', width: -48, value: (m) => m.case },
  { heading: 'candidate', width: -16, value: (m) => m.candidate },
  { heading: 'kernel', width: -32, value: (m) => m.kernel },
  { heading: 'ms', width: 9, value: (m) => m.median.toPrecision(4) },
  { heading: '× default', width: 9, value: (m) => (Number.isFinite(m.ratio) ? m.ratio.toFixed(2) : '') },
  { heading: '±%', width: 4, value: (m) => ((100 * m.spread) / m.median).toFixed(0) },
  { heading: 'n', width: 3, value: (m) => String(m.samples) },
  { heading: 'GFLOP/s', width: 8, value: (m) => m.gflops.toPrecision(3) },
  { heading: 'MB', width: 7, value: (m) => (m.bytes / 1e6).toPrecision(3) },
  { heading: 'GB/s', width: 7, value: (m) => m.gigabytes.toPrecision(3) },
  { heading: '% of roof', width: 11, value: (m) => `${percent(m.share)} ${m.bound}` },
  { heading: '× PyTorch', width: 9, value: (m) => m.torch?.toPrecision(2) ?? '' },
  { heading: 'compile ms', width: 10, value: (m) => (m.pipelines.length > 0 ? m.compile.toFixed(0) : '') },
  {
    heading: 'error',
    width: 7,
    value: (m) => (m.correct ? m.error.toExponential(0) : `WRONG ${m.error.toPrecision(2)}`),
  },
];

/** A later run in addition to an earlier one: its rows take the places of those of the same cases, new cases come last. */
export function merge(earlier: Report, later: Report): Report {
  const again = new Map<string, Row[]>();
  for (const row of later.rows) again.set(row.case, [...(again.get(row.case) ?? []), row]);
  const isAgain = (name: string) => [...again.keys()].some((own) => name === own || name.startsWith(`${own} (`));
  const failed = [...new Set([...earlier.failed.filter((name) => !isAgain(name)), ...later.failed])];
  const cases = [...new Set([...earlier.rows, ...later.rows].map((row) => row.case))];
  const rows = cases.flatMap((name) => again.get(name) ?? earlier.rows.filter((row) => row.case === name));
  return { ...earlier, ...later, failed, rows };
}

/** A report as JSON with a line a row, so that the file differs only in the lines of what was measured again. */
export function toJson(report: Report): string {
  const lines = (rows: readonly unknown[]) => `[\n${rows.map((row) => `  ${JSON.stringify(row)}`).join(',\n')}\n ]`;
  const fields = Object.entries(report).flatMap(([name, value]) => {
    const text = name === 'rows' || name === 'sideBySide' ? lines(value) : JSON.stringify(value);
    return text === undefined ? [] : [` ${JSON.stringify(name)}: ${text}`];
  });
  return `{\n${fields.join(',\n')}\n}\n`;
}

const percent = (share: number): string => (share < 0.095 ? (100 * share).toPrecision(2) : (100 * share).toFixed(0));

/** How a kernel does over all cases in which the engine takes it of its own accord. */
export interface KernelSummary {
  readonly kernel: string;
  readonly cases: number;
  /** Of the roof: the median of its dispatches, and the best one with its case. */
  readonly median: number;
  readonly best: number;
  readonly bestCase: string;
  readonly bound: string;
  /** PyTorch's time by ours in the cases that are mainly this kernel, as a geometric mean. */
  readonly torch?: number;
}

/** A kernel a row: by its own dispatches where they were timed, else by the cases of which it does most. */
export function summariseKernels(rows: readonly Row[]): KernelSummary[] {
  const defaults = rows.filter(({ candidate }) => candidate === 'default');
  const parts = defaults.flatMap(({ dispatches, ...row }) =>
    (dispatches ?? [row]).map(({ kernel, share, bound }) => ({ kernel, share, bound, case: row.case })),
  );
  const kernels = [...new Set(parts.map(({ kernel }) => kernel))].sort();
  return kernels.map((kernel) => {
    const own = parts.filter((part) => part.kernel === kernel).sort((a, b) => b.share - a.share);
    const best = own[0] as (typeof own)[number];
    const torch = defaults.flatMap((row) => (row.kernel === kernel && row.torch !== undefined ? [row.torch] : []));
    return {
      ...{ kernel, best: best.share, bestCase: best.case, bound: best.bound },
      cases: new Set(own.map((part) => part.case)).size,
      median: median(own.map(({ share }) => share)),
      ...(torch.length > 0 && { torch: geometricMean(torch) }),
    };
  });
}

/** Tables by kernel, with a sentence on what holds those below half of the roof, of every row, and beside other engines. */
export function markdown(report: Report, notes: Readonly<Record<string, string>>): string {
  const { description, runtime, date, roofs, pytorch, note, rows, sideBySide = [] } = report;
  const kernels = summariseKernels(rows).map((kernel) => [
    `\`${kernel.kernel}\``,
    String(kernel.cases),
    percent(kernel.median),
    `${percent(kernel.best)} (${kernel.bound}; ${kernel.bestCase})`,
    kernel.torch?.toPrecision(2) ?? '',
    kernel.median < 0.5 ? (notes[kernel.kernel] ?? '') : '',
  ]);
  return [
    `# ${report.adapter}, ${date.slice(0, 10)}`,
    '',
    `${description}; in ${runtime}. Roofs: ${roofs.gflops.toPrecision(3)} GFLOP/s of multiply-adds, ${roofs.gigabytes.toPrecision(3)} GB/s of copying${pytorch ? `; × PyTorch is the ratio of rates to ${pytorch}` : ''}.`,
    'Percent of roof: the least time that the operations or the bytes of the mathematics take at these roofs, by the median time.',
    ...builtFrom(report),
    ...(note ? [note] : []),
    ...(rows.length > 0 ? rowTables(rows, kernels) : []),
    ...(sideBySide.length > 0 ? ['', '## Beside other engines', '', ...sideBySideTable(sideBySide)] : []),
    '',
  ].join('\n');
}

/** `texts` columns of text, then numbers. */
function table(headings: readonly string[], texts: number, rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(headings), line(headings.map((_, index) => (index < texts ? '---' : '---:'))), ...rows.map(line)];
}

const rowTables = (rows: readonly Row[], kernels: readonly (readonly string[])[]): string[] => [
  '',
  '## By kernel',
  '',
  ...table(['kernel', 'cases', 'median % of roof', 'best', '× PyTorch', 'what holds it'], 1, kernels),
  '',
  '## By case and candidate',
  '',
  ...table(
    columns.map(({ heading }) => heading),
    3,
    rows.map((row) => columns.map(({ value }) => value(row))),
  ),
];

/** What is told of the program and of what it ran in. */
function builtFrom({ runtime, commit, flags, features = [] }: Report): string[] {
  const facts = [
    ...(commit && !runtime.includes(commit) ? [`commit ${commit}`] : []),
    ...(features.length > 0 ? [`features: ${features.join(', ')}`] : []),
    ...(flags ? [`flags: ${flags}`] : []),
  ].join('; ');
  return facts ? [`${facts[0]?.toUpperCase()}${facts.slice(1)}.`] : [];
}
