// Runs cells, each once: what is finished is read back, and what was cut off goes on. Who trains them is a `Runner`: this program, or workers behind a queue.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, explained, makeFolder, writeWhole } from '../files.node.ts';
import { Interrupted } from '../train/interrupted.ts';
import type { Cell, Outcome } from './cell.ts';

/** In a cell's folder: what it is, from its beginning, and what became of it, once it is finished. */
const CELL_FILE = 'cell.json';
const OUTCOME_FILE = 'outcome.json';

/** Where a cell is that is being trained, as far as it is known. */
export interface CellProgress {
  readonly adapter?: string;
  /** Epochs that were behind it when whoever trains it took it up. */
  readonly from?: number;
  /** Epochs done, with the fraction of the one that runs. */
  readonly epoch?: number;
  readonly epochs?: number;
  /** Milliseconds that its training will still take. */
  readonly left?: number;
}

/** What happens to cells, told as it happens. */
export type CellEvent =
  /** `worker` where another program does it. */
  | { readonly type: 'begun'; readonly hash: string; readonly worker?: string }
  | { readonly type: 'running'; readonly hash: string; readonly progress: CellProgress }
  /** Nobody trains it any more: why, in a sentence. */
  | { readonly type: 'waiting'; readonly hash: string; readonly why: string }
  /** `known` where that was so before. */
  | { readonly type: 'finished'; readonly hash: string; readonly outcome: Outcome; readonly known?: true }
  | { readonly type: 'failed'; readonly hash: string; readonly error: Error }
  /** Of all cells, a sentence. */
  | { readonly type: 'note'; readonly message: string };

/**
 * Brings each cell to an end, and tells what happens. A finished cell's outcome is in its folder before that is told.
 * Rejects with `Interrupted` where it was asked to end before.
 */
export type Runner = (cells: ReadonlyMap<string, Cell>, tell: (event: CellEvent) => void) => Promise<void>;

export interface Training {
  /** The folder of all cells, each in one of its own, named by its hash. */
  readonly folder: string;
  /** Trains a cell in its folder, or goes on there. Rejects with `Interrupted` where it was asked to end. */
  readonly train: (cell: Cell, folder: string, tell: (progress: CellProgress) => void) => Promise<Outcome>;
  /** Removes from a finished cell's folder what was only needed to go on. */
  readonly tidy?: (folder: string) => Promise<void>;
}

export interface Ran {
  /** By hash. */
  readonly outcomes: ReadonlyMap<string, Outcome>;
  readonly failures: ReadonlyMap<string, Error>;
  /** Whether it was asked to end before all were tried. */
  readonly interrupted: boolean;
}

/** Runs those of some cells that are not finished in a folder. One that fails does not keep the others from being run. */
export async function runCells(
  cells: ReadonlyMap<string, Cell>,
  run: Runner,
  { folder, onEvent }: { folder: string; onEvent?: (event: CellEvent) => void },
): Promise<Ran> {
  const outcomes = new Map<string, Outcome>();
  const failures = new Map<string, Error>();
  const tell = (event: CellEvent) => {
    if (event.type === 'finished') outcomes.set(event.hash, event.outcome);
    if (event.type === 'failed') failures.set(event.hash, event.error);
    onEvent?.(event);
  };
  for (const hash of cells.keys()) {
    const outcome = await readOutcome(folder, hash);
    if (outcome) tell({ type: 'finished', hash, outcome, known: true });
  }
  const open = new Map([...cells].filter(([hash]) => !outcomes.has(hash)));
  try {
    if (open.size > 0) await run(open, tell);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    return { outcomes, failures, interrupted: true };
  }
  return { outcomes, failures, interrupted: false };
}

/** Trains cells in this program, one after the other. */
export const inProcess =
  (training: Training): Runner =>
  async (cells, tell) => {
    for (const [hash, cell] of cells) {
      tell({ type: 'begun', hash });
      try {
        const outcome = await runCell(hash, cell, training, (progress) => tell({ type: 'running', hash, progress }));
        tell({ type: 'finished', hash, outcome });
      } catch (error) {
        if (error instanceof Interrupted) throw error;
        tell({ type: 'failed', hash, error: error as Error });
      }
    }
  };

/** Trains a cell, or only reads back what became of it where that is known. */
export async function runCell(
  hash: string,
  cell: Cell,
  { folder, train, tidy }: Training,
  tell: (progress: CellProgress) => void = () => {},
): Promise<Outcome> {
  const known = await readOutcome(folder, hash);
  if (known) return known;
  const path = await cellFolder(folder, hash, cell);
  const outcome = await train(cell, path, tell);
  await writeJson(join(path, OUTCOME_FILE), outcome);
  await tidy?.(path);
  return outcome;
}

/** Keeps what became of a cell elsewhere, unless that is there already. */
export async function keepOutcome(folder: string, hash: string, cell: Cell, outcome: Outcome): Promise<void> {
  if (await readOutcome(folder, hash)) return;
  await writeJson(join(await cellFolder(folder, hash, cell), OUTCOME_FILE), outcome);
}

async function cellFolder(folder: string, hash: string, cell: Cell): Promise<string> {
  const path = join(folder, hash);
  await explained(`The folder ${path} cannot be made`, () => makeFolder(path));
  await writeJson(join(path, CELL_FILE), cell);
  return path;
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
