// How far all cells of an experiment are, from what is told of each.
import { dataTitle } from './experiment.ts';
import type { Entry, Plan } from './plan.ts';
import type { CellEvent, CellProgress } from './runner.ts';

export interface CellState extends CellProgress {
  readonly hash: string;
  /** The first of the places that it has. */
  readonly entry: Entry;
  readonly state: 'waiting' | 'running' | 'finished' | 'failed';
  /** Who has it or had it last, where that is another program. */
  readonly worker?: string;
  /** Why it waits again, or failed: a sentence. */
  readonly why?: string;
  /** When it was begun, in milliseconds of the clock that the progress was given. */
  readonly since?: number;
}

export interface SweepProgress {
  readonly cells: readonly CellState[];
  readonly done: number;
  readonly running: number;
  readonly failed: number;
  /** Milliseconds until all are done, as far as those tell that are or that run; undefined where none tells. */
  readonly left?: number;
}

export const cellTitle = ({ row, dataSet, seed }: Entry): string => `${row}, ${dataTitle(dataSet)}, seed ${seed}`;

/** Follows the cells of a plan. `tell` takes what happens, and `progress` says how things are. */
export function followCells({ entries }: Plan, now: () => number = () => performance.now()) {
  const states = new Map<string, CellState>();
  for (const entry of entries)
    if (!states.has(entry.hash)) states.set(entry.hash, { hash: entry.hash, entry, state: 'waiting' });
  /** Milliseconds that cells took which were done meanwhile. */
  const taken: number[] = [];
  return {
    tell(event: CellEvent): void {
      if (event.type === 'note') return;
      const before = states.get(event.hash);
      if (before) states.set(event.hash, next(before, event, now()));
      if (event.type === 'finished' && before?.since !== undefined) taken.push(now() - before.since);
    },
    progress(): SweepProgress {
      const cells = [...states.values()];
      const those = (state: CellState['state']) => cells.filter((cell) => cell.state === state);
      const running = those('running');
      const left = leftOf(running, those('waiting').length, taken, now());
      return {
        ...{ cells, done: those('finished').length, running: running.length, failed: those('failed').length },
        ...(left !== undefined && { left }),
      };
    },
  };
}

function next({ hash, entry, worker, ...before }: CellState, event: CellEvent, now: number): CellState {
  const same = { hash, entry, ...(worker !== undefined && { worker }) };
  switch (event.type) {
    case 'begun':
      return { hash, entry, state: 'running', since: now, ...(event.worker !== undefined && { worker: event.worker }) };
    case 'running':
      return { ...same, ...before, ...event.progress, state: 'running' };
    case 'waiting':
      return { ...same, state: 'waiting', why: event.why };
    case 'failed':
      return { ...same, state: 'failed', why: event.error.message };
    case 'finished': {
      const { adapter, run, worker: by = worker } = event.outcome;
      return { hash, entry, state: 'finished', adapter, epochs: run.epochs, ...(by !== undefined && { worker: by }) };
    }
    case 'note':
      return { ...same, ...before };
  }
}

/** What waits takes as long as what is done took, or else as what runs does, and is shared by those that run now. */
function leftOf(
  running: readonly CellState[],
  waiting: number,
  taken: readonly number[],
  now: number,
): number | undefined {
  const known = running.flatMap(({ left, since = now }) =>
    left === undefined ? [] : [{ left, whole: now - since + left }],
  );
  const lengths = taken.length > 0 ? taken : known.map(({ whole }) => whole);
  if (running.length === 0 || lengths.length === 0) return undefined;
  const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
  const rest = running.map(({ left, since = now }) => left ?? Math.max(0, mean - (now - since)));
  return Math.max(...rest, (rest.reduce((sum, each) => sum + each, 0) + waiting * mean) / running.length);
}
