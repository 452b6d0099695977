// Shows a sweep: in the terminal, and on a page of its own.
import cliProgress from 'cli-progress';
import { writeWhole } from '../files.node.ts';
import type { Plan } from '../reproduce/plan.ts';
import { type CellState, cellTitle, followCells } from '../reproduce/progress.ts';
import type { CellEvent } from '../reproduce/runner.ts';
import { duration, type ProgressOptions } from './progress.ts';
import { epochOf, summaryOf, sweepPage } from './sweep_page.ts';

export interface SweepOptions {
  /** The page's file. */
  readonly page: string;
  readonly title: string;
  /** Whether cells are trained elsewhere, so that nothing else tells of their epochs. */
  readonly isElsewhere: boolean;
  readonly stream: ProgressOptions['stream'];
}

export interface Sweep {
  readonly onEvent: (event: CellEvent) => void;
  /** Leaves terminal and page in order. */
  close(): Promise<void>;
}

/** Milliseconds between two writings of the page, and two lines of all cells where nobody watches a terminal. */
const PAGE = 1000;
const LINES = 30_000;

/** Shows the cells of a plan from what is told of them. */
export function showSweep(plan: Plan, { page, title, isElsewhere, stream }: SweepOptions): Sweep {
  const cells = followCells(plan);
  const bars = isElsewhere && stream.isTTY ? drawBars(stream) : undefined;
  const print = bars?.print ?? ((line: string) => void stream.write(`${line}\n`));
  /** How often each was begun, and which of them have not told yet from where. */
  const starts = new Map<string, number>();
  const fresh = new Set<string>();
  let lastLine = performance.now();
  let written = Promise.resolve();
  let isWritten = true;

  const write = (isOver: boolean) => {
    isWritten = true;
    const text = sweepPage(title, cells.progress(), { isOver, now: new Date() });
    // A page that cannot be written keeps no cell from being trained.
    written = written.then(() => writeWhole(page, text)).catch(() => {});
  };
  const update = () => {
    if (!isWritten) write(false);
    bars?.draw(cells.progress());
    if (!isElsewhere || bars || performance.now() - lastLine < LINES) return;
    lastLine = performance.now();
    print(summaryOf(cells.progress()));
    for (const cell of cells.progress().cells) if (cell.state === 'running') print(`  ${lineOf(cell)}`);
  };
  const timer = setInterval(update, PAGE).unref();

  const told = (event: CellEvent): string | undefined => {
    if (event.type === 'note') return event.message;
    const { entry } = cells.progress().cells.find(({ hash }) => hash === event.hash) as CellState;
    const name = cellTitle(entry);
    const { done, failed, running, cells: all } = cells.progress();
    switch (event.type) {
      case 'begun':
        starts.set(event.hash, (starts.get(event.hash) ?? 0) + 1);
        fresh.add(event.hash);
        return `${isElsewhere ? '' : '\n'}cell ${done + failed + running} of ${all.length}: ${name} (${event.hash})${event.worker ? ` at ${event.worker}` : ''}`;
      case 'running': {
        // Whoever takes up what another began says whether it has what that one saved.
        const { from } = event.progress;
        if (!isElsewhere || from === undefined || !fresh.delete(event.hash)) return undefined;
        if (from > 0) return `${name} goes on after ${from} ${from > 1 ? 'epochs' : 'epoch'}.`;
        const isAgain = (starts.get(event.hash) ?? 0) > 1;
        return isAgain ? `${name} begins anew: where it is trained now, nothing of it is saved.` : undefined;
      }
      case 'waiting':
        return `${name} waits: ${event.why}.`;
      case 'failed':
        return `This cell failed (${event.error.message})${done + failed < all.length ? '; the next.' : ''}`;
      case 'finished':
        return event.known || !isElsewhere
          ? undefined
          : `${done} of ${all.length} done: ${name} (${event.outcome.worker}, ${event.outcome.adapter})`;
    }
  };
  return {
    onEvent(event) {
      cells.tell(event);
      isWritten = false;
      const line = told(event);
      if (line !== undefined) print(line);
    },
    async close() {
      clearInterval(timer);
      bars?.close();
      write(true);
      await written;
    },
  };
}

const lineOf = (cell: CellState): string =>
  [
    cellTitle(cell.entry),
    ...(cell.worker ? [cell.worker] : []),
    `epoch ${epochOf(cell)}`,
    ...(cell.left === undefined ? [] : [`${duration(cell.left / 1000)} left`]),
  ].join(', ');

/** A bar for all cells, and one for each that runs. */
function drawBars(stream: NodeJS.WritableStream) {
  const multi = new cliProgress.MultiBar(
    {
      stream,
      format: '{bar} {text}',
      ...{ barCompleteChar: '█', barIncompleteChar: '░', barsize: 20 },
      ...{ linewrap: true, emptyOnZero: true },
    },
    cliProgress.Presets.shades_classic,
  );
  const whole = multi.create(1, 0, { text: '' });
  const running = new Map<string, ReturnType<typeof multi.create>>();
  return {
    print: (line: string) => multi.log(`${line}\n`),
    draw(progress: ReturnType<ReturnType<typeof followCells>['progress']>) {
      whole.setTotal(progress.cells.length);
      whole.update(progress.done, { text: summaryOf(progress) });
      for (const cell of progress.cells) {
        const bar = running.get(cell.hash);
        if (cell.state === 'running') {
          const own = bar ?? multi.create(1, 0, { text: '' });
          running.set(cell.hash, own);
          own.setTotal(cell.epochs ?? 1);
          own.update(cell.epoch ?? 0, { text: lineOf(cell) });
        } else if (bar) {
          multi.remove(bar);
          running.delete(cell.hash);
        }
      }
    },
    close: () => multi.stop(),
  };
}
