// The unit of an experiment: one training with all that decides it, as plain JSON.
import { createHash } from 'node:crypto';
import type { ReportData, Run } from '../report/data.ts';
import type { DataSet, Settings } from './experiment.ts';

/** One training. Equal cells give equal results, whichever table asks for them; where files lie makes no difference. */
export interface Cell {
  /** What `coin train` is told, by the names of its options, the seed among them. */
  readonly settings: Settings;
  readonly data: { readonly name: DataSet } & Content;
  /** The checkpoint that it starts from; random values where absent. */
  readonly weights?: { readonly name: string } & Content;
}

/** What is named by the bytes that it is, wherever it lies: images as they are loaded, or a checkpoint's file. */
export interface Content {
  readonly sha256: string;
}

/** What became of a cell, as much of it as tables and figures show. */
export interface Outcome {
  readonly run: Run;
  /** The checkpoint before training; absent where the training was cut off since. */
  readonly before?: ReportData['before'];
  readonly adapter: string;
  /** Who trained it, where that was another program. */
  readonly worker?: string;
  readonly classes: readonly string[];
  readonly tested?: number;
}

/** The name of a cell's folder: 16 hexadecimal digits of what decides it, in whichever order that is written. */
export function hashOfCell({ settings, data, weights }: Cell): string {
  const decisive = [sorted(settings), data.sha256, weights?.sha256 ?? null];
  return createHash('sha256').update(JSON.stringify(decisive)).digest('hex').slice(0, 16);
}

const sorted = (settings: Settings) => Object.entries(settings).sort(([one], [other]) => (one < other ? -1 : 1));
