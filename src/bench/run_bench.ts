import type { Device } from '../gpu/device.ts';
import { causeOf } from '../gpu/kernel/compile_error.ts';
import type { Profile } from '../gpu/program/profile.ts';
import { profileTable } from '../report/profile.ts';
import type { Roofs } from '../report/roof.ts';
import { selectCases } from './cases.ts';
import { type Measured, type MeasureOptions, measureCase } from './measure_case.ts';
import { columns, type Report, type Row, type TorchTimes } from './report.ts';
import { busyNote, measureRoofs } from './roofs.ts';
import type { Candidates } from './variants.ts';

/** Plain data, so that it can be handed to another runtime. */
export interface BenchOptions {
  readonly pattern?: string | undefined;
  readonly all: boolean;
  /** All tilings of the kernels unless given, or where many cases are run one tiling of each kernel. */
  readonly candidates?: Candidates | undefined;
  /** Images in a batch, in place of what suits the adapter. */
  readonly batch?: number | undefined;
  readonly rounds: number;
  /** Seconds that one execution of a candidate may be expected to take, or else it is left out. */
  readonly limit: number;
  readonly pytorch?: TorchTimes | undefined;
  /** Also tells each dispatch of the engine's own choice. */
  readonly profile?: boolean | undefined;
}

/** A report with the profiles that were asked for, in the order of the cases. */
export interface ProfiledReport extends Report {
  readonly profiles?: readonly Profile[];
}

/** Milliseconds that one candidate of a case may take: slow ones get fewer samples. */
const BUDGET = 1000;

/** What a run tells as soon as it is known, as plain data. */
export type BenchEvent =
  /** Before the first case; `matching` counts those that are not usual too. */
  | { readonly kind: 'start'; readonly roofs: Roofs; readonly cases: readonly string[]; readonly matching: number }
  | { readonly kind: 'measured'; readonly case: string; readonly rows: readonly Row[]; readonly measured: Measured }
  | { readonly kind: 'failed'; readonly case: string; readonly message: string };

/** Times all chosen cases, one after the other, until `signal` is aborted. Throws where no case matches. */
export async function* measureCases(
  device: Device,
  options: BenchOptions,
  signal?: AbortSignal,
): AsyncGenerator<BenchEvent> {
  const { pattern, all, batch, rounds, limit, pytorch, profile } = options;
  const selection = { kind: device.target.kind, batch };
  const cases = selectCases(pattern, { ...selection, all });
  const matching = selectCases(pattern, { ...selection, all: true }).length;
  const roofs = await measureRoofs(device);
  yield { kind: 'start', roofs, cases: cases.map(({ name }) => name), matching };
  const candidates = options.candidates ?? (pattern === undefined || all ? 'kernels' : 'tilings');
  const measureOptions: MeasureOptions = {
    rounds,
    budget: BUDGET,
    limit,
    candidates,
    roofs,
    rates: new Map(),
    profile,
  };
  for (const bench of cases) {
    if (signal?.aborted) return;
    let measured: Measured;
    try {
      measured = await measureCase(device, bench, measureOptions);
    } catch (error) {
      // One case, say a layer larger than this adapter can bind, leaves all others as they are.
      yield { kind: 'failed', case: bench.name, message: (error as Error).message };
      continue;
    }
    const torch = pytorch?.times[bench.name];
    const rows = measured.measurements.map((own) =>
      torch === undefined ? own : { ...own, torch: torch / own.median },
    );
    yield { kind: 'measured', case: bench.name, rows, measured };
  }
}

/** The rows of what was told, and what could not be run. */
export const resultsOf = (events: readonly BenchEvent[]): Pick<Report, 'rows' | 'failed'> => ({
  rows: events.flatMap((event) => (event.kind === 'measured' ? event.rows : [])),
  failed: events.flatMap((event) => {
    if (event.kind === 'failed') return [event.case];
    if (event.kind === 'start') return [];
    return event.measured.broken.map(({ candidate }) => `${event.case} (${candidate})`);
  }),
});

/**
 * Times all chosen cases, printing a row for each candidate as soon as it is known. Once `signal` is aborted, the report is of
 * the cases so far.
 */
export async function runBench(
  device: Device,
  options: BenchOptions,
  runtime: string,
  print: (line: string) => void,
  signal?: AbortSignal,
): Promise<ProfiledReport> {
  const { target, description } = device;
  const { pytorch, profile } = options;
  const events: BenchEvent[] = [];
  const causes = new Set<string>();
  /** A message where it is new: a mistake in a module breaks many candidates alike. */
  const tell = (what: string, message: string) => {
    const cause = causeOf(message);
    print(`  ${what} failed${causes.has(cause) ? ' alike' : `: ${message}`}`);
    causes.add(cause);
  };
  const profiles: Profile[] = [];
  let start: Extract<BenchEvent, { kind: 'start' }> | undefined;
  for await (const event of measureCases(device, options, signal)) {
    events.push(event);
    if (event.kind === 'start') {
      start = event;
      print(`${description}, in ${runtime}`);
      printRoofs(event.roofs, print);
    } else if (event.kind === 'failed') tell(event.case, event.message);
    else {
      for (const row of event.rows) print(padded(columns.map(({ value }) => value(row))));
      const { broken, leftOut, profile: own } = event.measured;
      for (const { candidate, message } of broken) tell(`${event.case} (${candidate})`, message);
      if (own) {
        profiles.push(own);
        print(profileTable(own, { roofs: start?.roofs }));
      }
      if (leftOut.length > 0)
        print(
          `  left out: ${leftOut.map(({ candidate, seconds }) => `${candidate} (${seconds.toFixed(0)} s each)`).join(', ')}`,
        );
    }
  }
  const { roofs, cases, matching } = start as NonNullable<typeof start>;
  const left = cases.length - (events.length - 1);
  if (left > 0) print(`interrupted: ${left} cases were not run`);
  if (matching > cases.length) print(`${matching - cases.length} more cases with --all`);
  return {
    adapter: target.name,
    ...{ description, runtime, date: new Date().toISOString(), roofs },
    ...(pytorch && { pytorch: pytorch.setup }),
    ...resultsOf(events),
    ...(profile && { profiles }),
  };
}

function printRoofs(roofs: Roofs, print: (line: string) => void): void {
  print(
    `roofs: ${roofs.gflops.toPrecision(3)} GFLOP/s of multiply-adds, ${roofs.gigabytes.toPrecision(3)} GB/s of copying`,
  );
  const busy = busyNote(roofs);
  if (busy) print(busy);
  print(padded(columns.map(({ heading }) => heading)));
}

function padded(cells: readonly string[]): string {
  return cells
    .map((cell, index) => {
      const width = columns[index]?.width ?? 0;
      return width < 0 ? cell.padEnd(-width) : cell.padStart(width);
    })
    .join(' ')
    .trimEnd();
}
