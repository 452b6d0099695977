import type { Device } from '../gpu/device.ts';
import { type Case, parseCase } from './case.ts';
import { type RunOptions, runCase } from './runner.ts';

/** A golden case's file, wherever this runtime finds it. */
export interface CaseFile {
  readonly name: string;
  read(): Promise<Uint8Array>;
}

/** Reads each file when its turn comes. */
export async function* readCases(files: readonly CaseFile[]): AsyncGenerator<Case | Error> {
  for (const { name, read } of files) {
    try {
      yield parseCase(name, await read());
    } catch (error) {
      yield error as Error;
    }
  }
}

/**
 * Runs every case with every candidate. Prints a line for each failure (case, candidate, tensor, error) and at the end
 * `N passed, N failed`, counting each candidate of each case. Returns the exit code: 1 where anything failed, a case
 * could not be read, or there was nothing to run.
 */
export async function conform(
  device: Device,
  cases: AsyncIterable<Case | Error> | Iterable<Case>,
  print: (line: string) => void,
  options: RunOptions = {},
): Promise<number> {
  let passed = 0;
  let failed = 0;
  for await (const golden of cases) {
    if (golden instanceof Error) {
      failed++;
      print(golden.message);
      continue;
    }
    for await (const { variant, failures } of runCase(device, golden, options)) {
      if (failures.length === 0) passed++;
      else failed++;
      for (const failure of failures) print(`${golden.name} (${variant}): ${failure}`);
    }
  }
  print(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
}
