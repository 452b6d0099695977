// Puts cells into a queue, follows what workers make of them, and collects what comes of it.
import type { Job, Queue } from 'bullmq';
import { Interrupted } from '../../train/interrupted.ts';
import type { Cell } from '../cell.ts';
import type { Places } from '../plan.ts';
import { type CellEvent, keepOutcome, type Runner } from '../runner.ts';
import type { Connection } from './connection.ts';
import { ATTEMPTS, type CellJob, type JobProgress, jobOf, QUEUE, SILENCES } from './job.ts';

export interface CoordinatorOptions {
  /** The folder of all cells, where outcomes are collected. */
  readonly folder: string;
  /** From 1; jobs of a smaller number are taken first. */
  readonly priority: number;
  readonly titleOf: (hash: string) => string;
  readonly placesOf: (cell: Cell) => Places;
  /** Ends the following; what is queued stays so. */
  readonly signal: AbortSignal;
  /** Milliseconds between two looks at the queue, and before what failed is tried again; 1000 unless given. */
  readonly every?: number;
}

const EVERY = 1000;

/** Seconds that what came of a job is kept in the queue, for coordinators that come back. */
const KEPT = { age: 7 * 24 * 3600 };

/** Looks between which workers are counted. */
const COUNTED = 10;

type CellQueue = Queue<CellJob, unknown, string>;

/**
 * Brings cells to an end by the workers of a queue. The state of a job is looked up and not listened for: what is missed while Redis or
 * this program is away is seen at the next look, and a job that Redis has lost is queued again.
 */
export const overQueue =
  ({ client, bullmq, address }: Connection, options: CoordinatorOptions): Runner =>
  async (cells, tell) => {
    const { folder, signal, every = EVERY } = options;
    const queue: CellQueue = new bullmq.Queue(QUEUE, { connection: client });
    // Connections tell of themselves.
    queue.on('error', () => {});
    const open = new Map([...cells].map(([hash, cell]) => [hash, { cell, follow: follower(hash, tell) }] as const));
    const look = async (hash: string, isFirst: boolean): Promise<void> => {
      const { cell, follow } = open.get(hash) as { cell: Cell; follow: Follower };
      // In this order, so that a job which is seen as finished has its result.
      const state = await queue.getJobState(jobOf(hash));
      const job = await queue.getJob(jobOf(hash));
      // What failed before is tried again, as it is without a queue.
      const isOld = job !== undefined && isFirst && state === 'failed';
      if (isOld) await job.remove();
      if (!job || isOld) return add(queue, hash, cell, options);
      if (isFirst && job.priority > options.priority) await job.changePriority({ priority: options.priority });
      follow(job, state === 'active');
      if (state === 'completed') {
        const outcome = job.returnvalue as Parameters<typeof keepOutcome>[3];
        await keepOutcome(folder, hash, cell, outcome);
        tell({ type: 'finished', hash, outcome });
      }
      if (state === 'failed') tell({ type: 'failed', hash, error: new Error(failureOf(job)) });
      if (state === 'completed' || state === 'failed') open.delete(hash);
    };
    const countWorkers = workerCounter(queue, address, tell);
    try {
      for (let looks = 0; open.size > 0; looks++) {
        // In the order of the plan, which is that of the queue.
        const all = async () => {
          if (looks === 0) for (const hash of [...open.keys()]) await look(hash, true);
          else await Promise.all([...open.keys()].map((hash) => look(hash, false)));
          if (looks % COUNTED === 1) await countWorkers();
          if (open.size > 0) await new Promise((done) => setTimeout(done, every));
        };
        await unlessAborted(all(), signal);
      }
    } finally {
      queue.close().catch(() => {});
    }
  };

function add(
  queue: CellQueue,
  hash: string,
  cell: Cell,
  { titleOf, placesOf, priority, every = EVERY }: CoordinatorOptions,
): Promise<void> {
  const job: CellJob = { cell, title: titleOf(hash), places: placesOf(cell) };
  const how = {
    jobId: jobOf(hash),
    priority,
    attempts: ATTEMPTS,
    backoff: { type: 'fixed', delay: every },
    ...{ removeOnComplete: KEPT, removeOnFail: KEPT, stackTraceLimit: 1 },
  };
  return queue.add('cell', job, how).then(() => {});
}

type Follower = (job: Job<CellJob, unknown, string>, isActive: boolean) => void;

/** Tells what is new of a job since the last look. */
function follower(hash: string, tell: (event: CellEvent) => void): Follower {
  let seen: { started: number; silences: number; progress: string; worker: string; isActive: boolean } | undefined;
  return (job, isActive) => {
    const progress = (typeof job.progress === 'object' ? job.progress : {}) as Partial<JobProgress>;
    const { attemptsStarted: started, stalledCounter: silences } = job;
    const now = { started, silences, isActive, progress: JSON.stringify(progress), worker: job.processedBy ?? '' };
    const isNew = now.progress !== seen?.progress;
    if (seen && silences > seen.silences)
      tell({ type: 'waiting', hash, why: `${seen.worker} fell silent, so another worker takes it up` });
    else if (isNew && progress.why !== undefined) tell({ type: 'waiting', hash, why: progress.why });
    // Between two looks another has taken what the first gave back.
    else if (seen?.isActive && started > seen.started)
      tell({ type: 'waiting', hash, why: `${seen.worker} gave it back` });
    if (isActive && started > (seen?.started ?? 0)) tell({ type: 'begun', hash, worker: now.worker });
    if (isActive && isNew && progress.why === undefined && progress.worker === now.worker)
      tell({ type: 'running', hash, progress });
    seen = now;
  };
}

const failureOf = ({ failedReason, attemptsMade, processedBy }: Job): string =>
  failedReason.includes('stalled more than')
    ? `${SILENCES + 1} workers that had it fell silent one after the other.`
    : `${failedReason} (${attemptsMade} times, at last at ${processedBy})`;

/** Says once when nobody works at a queue, and again after somebody did. */
function workerCounter(queue: CellQueue, address: string, tell: (event: CellEvent) => void): () => Promise<void> {
  let isTold = false;
  return async () => {
    // Some servers do not tell who is connected.
    const count = await queue.getWorkersCount().catch(() => Number.NaN);
    if (count === 0 && !isTold)
      tell({ type: 'note', message: `No worker is at ${address}; start some: coin worker --queue ${address}` });
    isTold = count === 0;
  };
}

/** Waits for work that may hang, but not longer than until it is asked to end. */
function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const interrupted = () => new Interrupted('Interrupted; the workers go on with what is queued.');
  if (signal.aborted) return Promise.reject(interrupted());
  return new Promise((resolve, reject) => {
    const abort = () => reject(interrupted());
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
