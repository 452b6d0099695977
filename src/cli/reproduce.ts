import { join, relative, resolve } from 'node:path';
import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import { explained, makeFolder, writeWhole } from '../files.node.ts';
import { methods } from '../methods/index.ts';
import type { requestDevice } from '../node.ts';
import type { ReportData } from '../report/data.ts';
import { renderReport } from '../report/report.ts';
import { adapterTable } from '../reproduce/adapters.ts';
import type { Outcome } from '../reproduce/cell.ts';
import { type Collected, collect } from '../reproduce/collect.ts';
import { DATA_SETS, type DataSet, type Experiment, type Scale } from '../reproduce/experiment.ts';
import { experiments } from '../reproduce/experiments/index.ts';
import { type Entry, type Places, type Plan, placesOf, planOf, type Sources } from '../reproduce/plan.ts';
import { cellTitle } from '../reproduce/progress.ts';
import { type Connection, connectQueue } from '../reproduce/queue/connection.ts';
import { overQueue } from '../reproduce/queue/coordinator.ts';
import { onlyMethods } from '../reproduce/recipes.ts';
import { markdownOf, sectionsOf, textOf } from '../reproduce/render.ts';
import { reportOf, resultsOf } from '../reproduce/results.ts';
import { inProcess, type Runner, readOutcome, runCells } from '../reproduce/runner.ts';
import { scales } from '../reproduce/scales.ts';
import { type Sheet, sheetOf } from '../reproduce/sheet.ts';
import { fallTable } from '../reproduce/stage_tables.ts';
import { guarded } from './errors.ts';
import { integer, number, positiveInteger, refuseIdle } from './options.ts';
import { readableJson } from './report.ts';
import { type Devices, removeStates, sharing, timeTable, trainCell } from './reproduce_cell.ts';
import { type SourceOptions, sourcesOf } from './reproduce_sources.ts';
import { listenForInterruption } from './signals.node.ts';
import { showSweep } from './sweep.ts';

interface ReproduceOptions extends SourceOptions {
  readonly scale: Scale['name'];
  readonly seeds?: readonly number[];
  readonly methods?: readonly string[];
  readonly out: string;
  readonly list?: boolean;
  readonly queue?: string;
  readonly priority: number;
}

/** Where cells are trained that are not trained here. */
export interface QueueOptions {
  readonly connection: Connection;
  readonly priority: number;
  /** Milliseconds between two looks at the queue; 1000 unless given. */
  readonly every?: number;
}

export function addReproduce(program: Command, request: typeof requestDevice): void {
  const command = program
    .command('reproduce')
    .description("make a table or figure of COIN's paper, with the paper's numbers beside ours")
    .addArgument(new Argument('<name>', 'which').choices(experiments.map(({ name }) => name)))
    .addOption(
      new Option(
        '--scale <size>',
        "smoke: embedded data, in minutes without a GPU; small: 200 images a class of Fashion-MNIST, three seeds; paper: the paper's data, network and epochs",
      )
        .choices(Object.keys(scales))
        .default('smoke'),
    )
    .addOption(new Option('--seeds <list>', "such as 0,1,2 (default: the scale's)").argParser(seedsOf))
    .addOption(
      new Option('--methods <list>', 'only the rows of these methods, such as ce-tuning,scl,coin').argParser(methodsIn),
    )
    .option('--data <folder>', 'small: Fashion-MNIST; paper: a folder that has one of each data set, by its name')
    .addOption(
      new Option(
        '--datasets <list>',
        `paper: only some of ${Object.keys(DATA_SETS).slice(0, -2).join(', ')}`,
      ).argParser(dataSetsIn),
    )
    .option('--weights <file>', 'small, paper: the self-supervised checkpoint (MoCo v2)')
    .option('--supervised <file>', 'small, paper: the supervised checkpoint of SL-CE-Tuning')
    .option('--mae <file>', 'small, paper: the checkpoint of a masked autoencoder')
    .option(
      '--out <folder>',
      'where cells and tables go; what is finished there is not made again',
      join('runs', 'reproduce'),
    )
    .option('--queue <url>', 'train cells by the workers (coin worker) of this queue, as redis://HOST:6379')
    .addOption(
      number('--priority <n>', 'of these cells in the queue, from 1: smaller numbers come first', priorityOf, 10),
    )
    .option('--list', 'print the cells as JSON, a line each with its hash and whether it is finished, and run nothing')
    .action(
      guarded(async (name: string, options: ReproduceOptions) => {
        const whole = experiments.find((known) => known.name === name) as Experiment;
        const scale = scales[options.scale];
        const experiment = options.methods ? onlyMethods(whole, scale, options.methods) : whole;
        const sources = await sourcesOf(experiment, scale, options);
        const plan = planOf(experiment, scale, sources, {
          ...(options.seeds && { seeds: options.seeds }),
          ...(options.datasets && { dataSets: options.datasets }),
        });
        if (options.list) return listCells(plan, options.out);
        if (options.queue === undefined) return reproduce(plan, sources, options.out, request);
        const connection = await connectQueue(options.queue, (message) => console.error(message));
        try {
          await reproduce(plan, sources, options.out, request, { connection, priority: options.priority });
        } finally {
          connection.close();
        }
      }),
    );
  refuseIdle(command, { idle: { list: ['queue'] }, needs: { priority: 'queue' } });
}

/** The largest that a queue takes. */
const LAST = 2 ** 21 - 1;

function priorityOf(text: string): number {
  const priority = positiveInteger(text);
  if (priority > LAST) throw new InvalidArgumentError(`It must be at most ${LAST}.`);
  return priority;
}

function seedsOf(text: string): number[] {
  const seeds = text.split(',').map(integer);
  if (new Set(seeds).size < seeds.length) throw new InvalidArgumentError('A seed is given twice.');
  return seeds;
}

function methodsIn(text: string): string[] {
  const names = text.split(',');
  const stranger = names.find((name) => !methods.some((method) => method.name === name));
  if (stranger !== undefined) throw new InvalidArgumentError(`There is no method named ${stranger}.`);
  return names;
}

function dataSetsIn(text: string): DataSet[] {
  return text.split(',').map((name) => {
    if (!Object.hasOwn(DATA_SETS, name)) throw new InvalidArgumentError(`There is no data set named ${name}.`);
    return name as DataSet;
  });
}

async function listCells({ entries }: Plan, out: string): Promise<void> {
  for (const { row, dataSet, seed, hash, cell } of entries) {
    const finished = (await readOutcome(cellsIn(out), hash)) !== undefined;
    console.log(JSON.stringify({ hash, finished, row, dataSet, seed, cell }));
  }
}

const cellsIn = (out: string): string => join(out, 'cells');

/**
 * Runs what is not finished of an experiment's cells, here or by a queue, and writes its numbers, tables and figures from all that are: also
 * where it is interrupted. Throws where cells are missing in the end.
 */
export async function reproduce(
  plan: Plan,
  sources: Sources,
  out: string,
  request: typeof requestDevice,
  queue?: QueueOptions,
): Promise<void> {
  const devices = sharing(request);
  const cells = new Map(plan.entries.map(({ hash, cell }) => [hash, cell]));
  const folder = join(out, `${plan.experiment.name}-${plan.scale.name}`);
  await explained(`The folder ${folder} cannot be made`, () => makeFolder(folder));
  const sweep = showSweep(plan, {
    page: join(folder, 'progress.html'),
    title: plan.experiment.title,
    isElsewhere: queue !== undefined,
    stream: process.stderr,
  });
  const interruption = queue && listenForInterruption();
  const run = queue
    ? overQueue(queue.connection, {
        ...queue,
        folder: cellsIn(out),
        titleOf: (hash) => cellTitle(plan.entries.find((entry) => entry.hash === hash) as Entry),
        placesOf: (cell) => absolute(placesOf(cell, sources)),
        signal: (interruption as { signal: AbortSignal }).signal,
      })
    : here(sources, cellsIn(out), devices);
  const { outcomes, failures, interrupted } = await runCells(cells, run, {
    folder: cellsIn(out),
    onEvent: sweep.onEvent,
  }).finally(() => {
    interruption?.close();
    return sweep.close();
  });
  const collected = collect(plan, outcomes);
  const isDone = outcomes.size === cells.size;
  const more = [
    ...(isDone && plan.experiment.timed ? [await timeTable(plan, sources, devices)] : []),
    ...fallTable(plan, outcomes),
    ...adapterTable(plan, outcomes),
  ];
  const sheet = sheetOf(plan, collected, outcomes, more);
  const files = await writeAll(folder, { plan, collected, sheet, outcomes });
  console.log(textOf(sheet));
  console.log(`\n${files.map((file) => relative('', file)).join(', ')}`);
  if (interrupted) {
    const others = queue ? ' the workers go on with what is queued,' : '';
    throw new Error(`Interrupted; nothing is lost,${others} and the same command goes on.`);
  }
  const [first] = failures;
  if (first)
    throw new Error(
      `${failures.size} of ${cells.size} cells failed, the first of them (${first[0]}) so: ${first[1].message} The same command tries them again.`,
    );
}

/** Trains cells in this program. */
const here = (sources: Sources, folder: string, devices: Devices): Runner =>
  inProcess({
    folder,
    train: (cell, path, tell) => trainCell(cell, path, { places: placesOf(cell, sources), devices, tell }),
    tidy: removeStates,
  });

const absolute = (places: Places): Places =>
  Object.fromEntries(Object.entries(places).map(([name, path]) => [name, resolve(path)]));

/** Writes results, Markdown and pages into a folder: a page with the curves of each data set, which is the table's where there is one. Returns their paths. */
async function writeAll(
  folder: string,
  {
    plan,
    collected,
    sheet,
    outcomes,
  }: { plan: Plan; collected: Collected; sheet: Sheet; outcomes: ReadonlyMap<string, Outcome> },
): Promise<string[]> {
  const { dataSets } = plan;
  const reports = dataSets.map((dataSet) => reportOf(plan, dataSet, outcomes));
  const [first] = reports as [ReportData];
  const isAlone = reports.length === 1;
  const page = { ...first, title: sheet.title, ...(!isAlone && { runs: [], before: undefined }) };
  const texts: Readonly<Record<string, string>> = {
    'results.json': `${readableJson(resultsOf(plan, collected, outcomes))}\n`,
    'table.md': `${markdownOf(sheet)}\n`,
    'report.html': renderReport(page, {
      figure: plan.experiment.figure,
      lead: sheet.lead,
      sections: sectionsOf(sheet),
    }),
    ...(!isAlone &&
      Object.fromEntries(reports.map((report, i) => [`${dataSets[i]}.html`, renderReport(report)] as const))),
  };
  await explained(`The results in ${folder} cannot be written`, async () => {
    for (const [name, text] of Object.entries(texts)) await writeWhole(join(folder, name), text);
  });
  return Object.keys(texts).map((name) => join(folder, name));
}
