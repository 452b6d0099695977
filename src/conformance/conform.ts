import type { Device } from '../gpu/device.ts';
import { causeOf } from '../gpu/kernel/compile_error.ts';
import { type Case, parseCase } from './case.ts';
import { checkCheckpoint, checkpointsOf, type Files } from './checkpoints.ts';
import type { Check, RunOptions } from './op_cases.ts';
import { runCase } from './runner.ts';

/** A checkpoint that is a case by itself: it must be read or refused as the files beside it say. */
export interface CheckpointCase {
  readonly name: string;
  readonly op: 'checkpoint';
  /** A line for each thing that is wrong. */
  check(): Promise<readonly string[]>;
}

/** A golden case's file, wherever this runtime finds it. */
export interface CaseFile {
  readonly name: string;
  /** What it is a case of: `matmul`, `model_resnet18`, `checkpoint`. */
  readonly kind: string;
  read(): Promise<Case | CheckpointCase>;
}

/** The cases of a folder: its checkpoints, where some of its files say what others hold, else each safetensors file. */
export function casesIn(files: Files): CaseFile[] {
  const checkpoints = checkpointsOf(files.names);
  if (checkpoints.length > 0)
    return checkpoints.map((name) => ({
      ...{ name, kind: 'checkpoint' },
      read: async () => ({ name, op: 'checkpoint', check: () => checkCheckpoint(name, files) }),
    }));
  return files.names
    .filter((name) => name.endsWith('.safetensors'))
    .map((name) => ({
      ...{ name, kind: name.replace(/(-\d+)?\.safetensors$/, '') },
      read: async () => parseCase(name, await files.read(name)),
    }));
}

/** Those of the given ops, or of checkpoints whose names begin so, or all where none is given. Throws where an op has no case. */
export function casesOf(files: readonly CaseFile[], ops: readonly string[]): CaseFile[] {
  const isOf = ({ name, kind }: CaseFile, op: string) => kind === op || new RegExp(`^${op}[-_]`).test(name);
  const missing = ops.find((op) => !files.some((file) => isOf(file, op)));
  if (missing !== undefined) {
    const known = [...new Set(files.map(({ kind }) => kind))];
    throw new Error(`There is no folder and no golden case of the op ${missing}; there are: ${known.join(', ')}.`);
  }
  return files.filter((file) => ops.length === 0 || ops.some((op) => isOf(file, op)));
}

/** Reads each file when its turn comes. */
export async function* readCases(files: readonly CaseFile[]): AsyncGenerator<Case | CheckpointCase | Error> {
  for (const file of files) {
    try {
      yield await file.read();
    } catch (error) {
      yield error as Error;
    }
  }
}

/**
 * Runs every case with every candidate. Prints each failure (case, candidate, tensor, error) where its cause is new: a module
 * that does not compile, or a candidate that is wrong in a tensor of an op, fails many cases alike. These are then listed by
 * name, and the last line is `N passed, N failed`, counting each candidate of each case. Returns the exit code: 1 where
 * anything failed, a case could not be read, or there was nothing to run.
 */
export async function conform(
  device: Device,
  cases: AsyncIterable<Case | CheckpointCase | Error> | Iterable<Case>,
  print: (line: string) => void,
  options: RunOptions = {},
): Promise<number> {
  let passed = 0;
  let failed = 0;
  let alike = 0;
  const causes = new Set<string>();
  const broken = new Map<string, string[]>();
  for await (const golden of cases) {
    if (golden instanceof Error) {
      failed++;
      print(golden.message);
      continue;
    }
    const wrong: string[] = [];
    let ran = 0;
    for await (const { variant, failures } of checksOf(device, golden, options)) {
      ran++;
      if (failures.length > 0) wrong.push(variant);
      for (const failure of failures) {
        const cause = causeIn(golden, variant, failure);
        if (causes.has(cause)) alike++;
        else print(`${golden.name} (${variant}): ${failure}`);
        causes.add(cause);
      }
    }
    passed += ran - wrong.length;
    failed += wrong.length;
    if (wrong.length === 0) continue;
    const which = wrong.length === ran ? 'every candidate' : wrong.join(', ');
    broken.set(which, [...(broken.get(which) ?? []), golden.name]);
  }
  if (alike > 0) {
    print(`${alike} more failures have a cause that is told above; all cases that fail, and with which candidates:`);
    for (const [which, names] of broken) print(`  ${names.join(', ')}: ${which}`);
  }
  print(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

async function* checksOf(device: Device, golden: Case | CheckpointCase, options: RunOptions): AsyncGenerator<Check> {
  if ('check' in golden) yield { variant: 'default', failures: await golden.check() };
  else yield* runCase(device, golden, options);
}

/** Numbers differ from case to case where the mistake is the same. */
function causeIn({ op }: Case | CheckpointCase, variant: string, failure: string): string {
  const cause = causeOf(failure);
  return cause === failure ? `${op} ${variant} ${failure.replace(/\d[\d.e+-]*/g, '#')}` : cause;
}
