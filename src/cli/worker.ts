import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { requestDevice } from '../node.ts';
import { connectQueue } from '../reproduce/queue/connection.ts';
import { type CellJob, GivenBack } from '../reproduce/queue/job.ts';
import { type WorkerOptions, work } from '../reproduce/queue/worker.ts';
import { runCell } from '../reproduce/runner.ts';
import { find } from './contents.ts';
import { guarded } from './errors.ts';
import { number, positive } from './options.ts';
import { removeStates, sharing, trainCell } from './reproduce_cell.ts';
import { Taken } from './run_folder.node.ts';
import { listenForInterruption } from './signals.node.ts';

interface Options {
  readonly queue: string;
  readonly data: readonly string[];
  readonly weights: readonly string[];
  readonly out: string;
  readonly silence: number;
}

export function addWorker(program: Command, request: typeof requestDevice): void {
  program
    .command('worker')
    .description('train cells of "coin reproduce --queue" on this machine, one after the other, until it is stopped')
    .requiredOption('--queue <url>', 'the queue, as redis://HOST:6379')
    .option('--data <paths...>', 'data sets, or folders that have some by their names; the embedded one is there', [])
    .option('--weights <paths...>', 'checkpoints, or folders of some', [])
    .option(
      '--out <folder>',
      'where cells are trained; workers that share it go on with what others began',
      join('runs', 'reproduce'),
    )
    .addOption(number('--silence <seconds>', 'after which others take a cell of this worker for theirs', positive, 60))
    .action(guarded((options: Options) => workHere(options, request)));
}

async function workHere({ queue, data, weights, out, silence }: Options, request: typeof requestDevice) {
  const note = (message: string) => console.error(message);
  const connection = await connectQueue(queue, note);
  const interruption = listenForInterruption();
  const name = `${hostname()}/${process.pid}`;
  const devices = sharing(request);
  const train: WorkerOptions['train'] = async (hash, job, { tell, signal }) => {
    const places = await placesOf(name, job, { data, weights });
    console.error(`\n${job.title} (${hash})`);
    const trained = runCell(hash, job.cell, {
      folder: join(out, 'cells'),
      train: (cell, folder) => trainCell(cell, folder, { places, devices, tell, signal }),
      tidy: removeStates,
    });
    return trained.catch((error) => {
      throw error instanceof Taken ? new GivenBack(`${name}: ${error.message.replace(/\.$/, '')}`) : error;
    });
  };
  try {
    console.error(`${name} waits for cells of ${connection.address}; Ctrl-C ends it.`);
    await work(connection, { name, silence: 1000 * silence, train, signal: interruption.signal, onNote: note });
  } finally {
    interruption.close();
    connection.close();
  }
}

/** Where this machine has what a cell needs. */
async function placesOf(name: string, { cell, title, places }: CellJob, own: Pick<Options, 'data' | 'weights'>) {
  const given = (path: string | undefined) => (path === undefined ? [] : [path]);
  const found = await find(cell, {
    data: [...given(places.data), ...own.data],
    weights: [...given(places.weights), ...own.weights],
  });
  if ('missing' in found) throw new GivenBack(`${name} has not what ${title} needs: ${found.missing}`);
  return found;
}
