// Takes cells from a queue, one after the other, until it is asked to end.
import type { Job } from 'bullmq';
import { Interrupted } from '../../train/interrupted.ts';
import { hashOfCell, type Outcome } from '../cell.ts';
import type { CellProgress } from '../runner.ts';
import type { Connection } from './connection.ts';
import { type CellJob, GivenBack, hashOfJob, type JobProgress, QUEUE, SILENCES } from './job.ts';

export interface WorkerOptions {
  /** Who this is, among all workers. */
  readonly name: string;
  /** Milliseconds of silence after which others take a cell of this worker for theirs. */
  readonly silence: number;
  /**
   * Trains a cell, or goes on where its folder has its beginning. Rejects with `GivenBack` where this worker cannot, and with
   * `Interrupted` when the signal asks it to end.
   */
  readonly train: (
    hash: string,
    job: CellJob,
    how: { tell: (progress: CellProgress) => void; signal: AbortSignal },
  ) => Promise<Outcome>;
  /** Ends the work: what runs is saved and given back. */
  readonly signal: AbortSignal;
  /** Told in sentences what happens to the worker itself. */
  readonly onNote: (message: string) => void;
  /** Milliseconds after which a cell that this worker gave back may be offered to it again; 10,000 unless given. */
  readonly pause?: number;
}

/** Milliseconds between two reports of a cell's progress. */
const REPORTED = 1000;

/** Milliseconds that a worker which ends waits for a queue that is away. */
const GRACE = 5000;

/** Works until the signal. */
export async function work({ client, bullmq }: Connection, options: WorkerOptions): Promise<void> {
  const { name, silence, train, signal, onNote, pause = 10_000 } = options;
  /** The job that runs, and how to end its training. */
  let current:
    | { job: Job<CellJob>; controller: AbortController; isLost: boolean; trained?: Promise<unknown> }
    | undefined;
  const told = new Set<string>();

  const process = async (job: Job<CellJob>, token?: string): Promise<Outcome> => {
    const controller = new AbortController();
    const own: NonNullable<typeof current> = { job, controller, isLost: false };
    current = own;
    const report = reporter(job, name);
    const back = async (why: string, error: 'DelayedError' | 'WaitingError'): Promise<never> => {
      await report.last({ why });
      if (error === 'DelayedError') await job.moveToDelayed(Date.now() + pause, token);
      else await job.moveToWait(token);
      // BullMQ knows by this name that the job is where it belongs.
      throw Object.assign(new Error(why), { name: error });
    };
    try {
      const hash = hashOfJob(job.id);
      if (hashOfCell(job.data.cell) !== hash)
        throw new GivenBack(`${name} is of another version than who queued ${job.data.title}`);
      if (signal.aborted) throw new Interrupted();
      const training = train(hash, job.data, { tell: report.now, signal: controller.signal });
      own.trained = training.catch(() => {});
      const outcome = await training;
      await report.last();
      return { ...outcome, worker: name };
    } catch (error) {
      const { message } = error as Error;
      if (own.isLost) throw error;
      if (error instanceof GivenBack) {
        if (!told.has(message)) onNote(`${message}; it goes back for others.`);
        told.add(message);
        return await back(message, 'DelayedError');
      }
      if (error instanceof Interrupted) return await back(`${name} was asked to end`, 'WaitingError');
      onNote(`${job.data.title} failed: ${message}`);
      await report.last({ why: `It failed at ${name} (${message})` });
      throw error;
    } finally {
      current = undefined;
    }
  };

  const worker = new bullmq.Worker<CellJob, Outcome>(QUEUE, process, {
    connection: client,
    name,
    concurrency: 1,
    lockDuration: silence,
    stalledInterval: silence / 2,
    maxStalledCount: SILENCES,
    // Else a restart of Redis keeps a worker idle for a while.
    runRetryDelay: 1000,
    drainDelay: 2,
  });
  worker.on('lockRenewalFailed', () => {
    if (!current) return;
    current.isLost = true;
    current.controller.abort();
    onNote(`${name} was silent for too long, so ${current.job.data.title} is no longer its own.`);
  });
  worker.on('error', () => {
    // Connections tell of themselves, and what is lost is told above.
  });
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  const closed = worker.close();
  current?.controller.abort();
  // What runs is saved in any case; the queue is told unless it is away.
  const saved = Promise.resolve(current?.trained).then(() => new Promise((done) => setTimeout(done, GRACE).unref()));
  await Promise.race([closed, saved]);
}

/** Reports a job's progress: not more often than there is use for, and one report after the other. */
function reporter(job: Job<CellJob>, worker: string) {
  let whole: JobProgress = { worker };
  let last = Number.NEGATIVE_INFINITY;
  let sent: Promise<unknown> = Promise.resolve();
  let isBusy = false;
  const send = () => {
    last = performance.now();
    isBusy = true;
    // A job that is no longer this worker's may be gone.
    sent = sent
      .then(() => job.updateProgress({ ...whole }))
      .catch(() => {})
      .finally(() => {
        isBusy = false;
      });
    return sent;
  };
  return {
    now(progress: CellProgress) {
      whole = { ...whole, ...progress };
      if (!isBusy && performance.now() - last >= REPORTED) send();
    },
    /** Waits for all reports, the last of them with what is told of the end. */
    async last(end?: { why: string }): Promise<void> {
      if (end) {
        whole = { worker, ...end };
        send();
      }
      await sent;
    },
  };
}
