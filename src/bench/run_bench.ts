import type { Device } from '../gpu/device.ts';
import { causeOf } from '../gpu/kernel/compile_error.ts';
import type { Profile } from '../gpu/program/profile.ts';
import { profileTable } from '../report/profile.ts';
import { selectCases } from './cases.ts';
import { type MeasureOptions, measureCase } from './measure_case.ts';
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
  const { pattern, all, batch, rounds, limit, pytorch, profile } = options;
  const { target, description } = device;
  const selection = { kind: target.kind, batch };
  const cases = selectCases(pattern, { ...selection, all });
  const matching = selectCases(pattern, { ...selection, all: true }).length;
  const roofs = await measureRoofs(device);
  print(`${description}, in ${runtime}`);
  print(
    `roofs: ${roofs.gflops.toPrecision(3)} GFLOP/s of multiply-adds, ${roofs.gigabytes.toPrecision(3)} GB/s of copying`,
  );
  const busy = busyNote(roofs);
  if (busy) print(busy);
  print(padded(columns.map(({ heading }) => heading)));
  const rows: Row[] = [];
  const failed: string[] = [];
  const causes = new Set<string>();
  /** A message where it is new: a mistake in a module breaks many candidates alike. */
  const tell = (what: string, message: string) => {
    const cause = causeOf(message);
    print(`  ${what} failed${causes.has(cause) ? ' alike' : `: ${message}`}`);
    causes.add(cause);
  };
  const profiles: Profile[] = [];
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
  for (const [index, bench] of cases.entries()) {
    if (signal?.aborted) {
      print(`interrupted: ${cases.length - index} cases were not run`);
      break;
    }
    const measured = await measureCase(device, bench, measureOptions).catch((error: Error) => {
      // One case, say a layer larger than this adapter can bind, leaves all others as they are.
      failed.push(bench.name);
      tell(bench.name, error.message);
    });
    if (!measured) continue;
    const { measurements, leftOut, broken } = measured;
    for (const measurement of measurements) {
      const torch = pytorch?.times[bench.name];
      const row = torch === undefined ? measurement : { ...measurement, torch: torch / measurement.median };
      print(padded(columns.map(({ value }) => value(row))));
      rows.push(row);
    }
    for (const { candidate, message } of broken) {
      failed.push(`${bench.name} (${candidate})`);
      tell(failed.at(-1) as string, message);
    }
    if (measured.profile) {
      profiles.push(measured.profile);
      print(profileTable(measured.profile, { roofs }));
    }
    if (leftOut.length > 0)
      print(
        `  left out: ${leftOut.map(({ candidate, seconds }) => `${candidate} (${seconds.toFixed(0)} s each)`).join(', ')}`,
      );
  }
  if (matching > cases.length) print(`${matching - cases.length} more cases with --all`);
  const date = new Date().toISOString();
  return {
    adapter: target.name,
    description,
    runtime,
    date,
    roofs,
    ...(pytorch && { pytorch: pytorch.setup }),
    failed,
    rows,
    ...(profile && { profiles }),
  };
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
