// What coordinator and workers leave for each other in the queue.
import type { Cell } from '../cell.ts';
import type { Places } from '../plan.ts';
import type { CellProgress } from '../runner.ts';

/** The name of the queue in Redis; what lies there changes its form with this number. */
export const QUEUE = 'coin-cells-1';

/** How often a cell is tried that fails, and how often one is taken up again whose worker fell silent. */
export const ATTEMPTS = 3;
export const SILENCES = 2;

/** A cell as it is queued. */
export interface CellJob {
  readonly cell: Cell;
  /** For people: its row, data set and seed. */
  readonly title: string;
  /** Where data and weights lie for the coordinator, and so maybe for others. */
  readonly places: Places;
}

/** What a worker tells of the cell that it has. */
export interface JobProgress extends CellProgress {
  readonly worker: string;
  /** Where it has it no more: why, in a sentence. */
  readonly why?: string;
}

/** Jobs are named by their cells, so that none is in the queue twice; BullMQ refuses names that are numbers. */
export const jobOf = (hash: string): string => `cell-${hash}`;
export const hashOfJob = (id: string | undefined): string => (id ?? '').slice('cell-'.length);

/** This worker cannot train a cell at present, for a reason that is its own; another one may. */
export class GivenBack extends Error {}
