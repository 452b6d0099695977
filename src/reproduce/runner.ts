// Runs cells, each once: what is finished is read back, and what was cut off goes on.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, explained, makeFolder, writeWhole } from '../files.node.ts';
import { Interrupted } from '../train/interrupted.ts';
import type { Cell, Outcome } from './cell.ts';

/** In a cell's folder: what it is, from its beginning, and what became of it, once it is finished. */
const CELL_FILE = 'cell.json';
const OUTCOME_FILE = 'outcome.json';

export interface RunnerOptions {
  /** The folder of all cells, each in one of its own, named by its hash. */
  readonly folder: string;
  /** Trains a cell in its folder, or goes on there. Rejects with `Interrupted` where it was asked to end. */
  readonly train: (cell: Cell, folder: string) => Promise<Outcome>;
  /** Removes from a finished cell's folder what was only needed to go on. */
  readonly tidy?: (folder: string) => Promise<void>;
  /** Told before each cell that is not finished: which one of how many. */
  readonly onCell?: (hash: string, index: number, count: number) => void;
}

export interface Ran {
  /** By hash. */
  readonly outcomes: ReadonlyMap<string, Outcome>;
  readonly failures: ReadonlyMap<string, Error>;
  /** Whether it was asked to end before all were tried. */
  readonly interrupted: boolean;
}

/** Runs cells one after the other. One that fails does not keep the others from being run. */
export async function runCells(
  cells: ReadonlyMap<string, Cell>,
  { folder, train, tidy, onCell }: RunnerOptions,
): Promise<Ran> {
  const outcomes = new Map<string, Outcome>();
  const failures = new Map<string, Error>();
  for (const hash of cells.keys()) {
    const known = await readOutcome(folder, hash);
    if (known) outcomes.set(hash, known);
  }
  const open = [...cells].filter(([hash]) => !outcomes.has(hash));
  for (const [index, [hash, cell]] of open.entries()) {
    const path = join(folder, hash);
    onCell?.(hash, outcomes.size + failures.size + 1, cells.size);
    try {
      await explained(`The folder ${path} cannot be made`, () => makeFolder(path));
      await writeJson(join(path, CELL_FILE), cell);
      const outcome = await train(cell, path);
      await writeJson(join(path, OUTCOME_FILE), outcome);
      outcomes.set(hash, outcome);
      await tidy?.(path);
    } catch (error) {
      if (error instanceof Interrupted) return { outcomes, failures, interrupted: true };
      failures.set(hash, error as Error);
      console.error(`This cell failed (${(error as Error).message})${index + 1 < open.length ? '; the next.' : ''}`);
    }
  }
  return { outcomes, failures, interrupted: false };
}

/** What became of a cell; undefined where it is not finished. */
export async function readOutcome(folder: string, hash: string): Promise<Outcome | undefined> {
  const path = join(folder, hash, OUTCOME_FILE);
  const text = await explained(`The outcome ${path} cannot be read`, () =>
    readFile(path, 'utf8').catch((error) => {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }),
  );
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as Outcome;
  } catch (cause) {
    throw new Error(`The outcome ${path} is damaged; remove it, and its cell goes on.`, { cause });
  }
}

const writeJson = (path: string, value: object): Promise<void> =>
  explained(`${path} cannot be written`, () => writeWhole(path, `${JSON.stringify(value)}\n`));
