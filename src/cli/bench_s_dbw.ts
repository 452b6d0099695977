import { readFile } from 'node:fs/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { type LabelledPoints, madeUpPoints, timeSDbw } from '../bench/s_dbw.ts';
import { explained } from '../files.node.ts';
import { alignColumns } from '../report/align.ts';
import { readSafetensors } from '../weights/safetensors.ts';
import { guarded } from './errors.ts';
import { number, positiveInteger, refuseIdle } from './options.ts';
import { processorTime } from './processor_time.node.ts';

interface Options {
  readonly of?: string;
  readonly points: number;
  readonly dimensions: readonly number[];
  readonly classes: number;
  readonly rounds: number;
}

const DIMENSIONS = [2, 8, 32, 128, 512, 2048];

/** Adds `bench s-dbw` to the command `bench`, which has to be there. */
export function addBenchSDbw(program: Command): void {
  const bench = program.commands.find((command) => command.name() === 'bench') as Command;
  const command = bench
    .command('s-dbw')
    .description(
      'compute S_Dbw of made-up points, or of features of yours, in all forms: Scat, Dens_bw and processor time',
    )
    .option('--of <file>', 'what "coin features --data" wrote, in place of made-up points')
    .addOption(number('--points <n>', 'made-up points', positiveInteger, 10_000))
    .option('--dimensions <list>', 'of made-up points, one after the other', dimensionsOf, DIMENSIONS)
    .addOption(number('--classes <n>', 'of made-up points', positiveInteger, 10))
    .addOption(number('--rounds <n>', 'timed computations of each form', positiveInteger, 3))
    .action(guarded(benchSDbw));
  refuseIdle(command, { idle: { of: ['points', 'dimensions', 'classes'] } });
}

function dimensionsOf(text: string): number[] {
  const list = text.split(',').map(Number);
  if (list.every((value) => Number.isInteger(value) && value > 0)) return list;
  throw new InvalidArgumentError('They must be whole numbers above 0, such as 2,128,2048.');
}

async function benchSDbw({ of, points, dimensions, classes, rounds }: Options): Promise<void> {
  const rows = [['points', 'dimensions', 'classes', 'form', 'S_Dbw', 'Scat', 'Dens_bw', 'processor ms']];
  const time = (given: LabelledPoints) => {
    const n = given.labels.length;
    const about = [n, given.features.length / n, new Set(given.labels).size].map(String);
    for (const { form, score, scat, dens_bw, milliseconds } of timeSDbw(given, rounds, processorTime))
      rows.push([...about, form, ...[score, scat, dens_bw].map((value) => value.toFixed(4)), milliseconds.toFixed(0)]);
  };
  if (of !== undefined) time(await pointsOf(of));
  else for (const d of dimensions) time(madeUpPoints(points, d, classes));
  console.log(alignColumns(rows).join('\n'));
}

/** Throws where a file holds no features with their classes. */
async function pointsOf(path: string): Promise<LabelledPoints> {
  const bytes = await explained(`${path} cannot be read`, () => readFile(path));
  const { tensors } = readSafetensors(new Uint8Array(bytes), path);
  const [features, labels] = [tensors.get('features')?.data, tensors.get('labels')?.data];
  if (features instanceof Float32Array && labels instanceof Int32Array) return { features, labels };
  throw new Error(`${path} has no features with labels: "coin features --data" writes both, as safetensors.`);
}
