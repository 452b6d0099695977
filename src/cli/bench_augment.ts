import { cpus } from 'node:os';
import { type Command, Option } from 'commander';
import { SOURCE, sourceImages, timeAugmentation } from '../bench/augmentation.node.ts';
import { type PresetName, presetNames } from '../data/augment/presets.ts';
import type { requestDevice } from '../node.ts';
import { alignColumns } from '../report/align.ts';
import { guarded } from './errors.ts';
import { number, positiveInteger } from './options.ts';

interface Options {
  readonly recipe?: PresetName;
  readonly images: number;
  readonly size: number;
  readonly rounds: number;
}

/** Adds `bench augment` to the command `bench`, which has to be there. */
export function addBenchAugment(program: Command, request: typeof requestDevice): void {
  const bench = program.commands.find((command) => command.name() === 'bench') as Command;
  bench
    .command('augment')
    .description('time the views of each recipe of augmentation on the adapter, beside sharp on the processor')
    .addOption(new Option('--recipe <name>', 'only this one').choices(presetNames))
    .addOption(number('--images <n>', 'views of a batch', positiveInteger, 256))
    .addOption(number('--size <px>', 'height and width of the views', positiveInteger, 224))
    .addOption(number('--rounds <n>', 'timed batches', positiveInteger, 3))
    .action(guarded((options: Options) => benchAugment(options, request)));
}

async function benchAugment({ recipe, ...options }: Options, request: typeof requestDevice): Promise<void> {
  const device = await request();
  console.log(device.description);
  const { images, size } = options;
  console.log(
    `${images} views of ${size} × ${size} px from decoded images of ${SOURCE[1]} × ${SOURCE[0]} px, normalised; sharp on ${cpus().length} threads`,
  );
  const source = sourceImages();
  const rows = [['recipe', 'launches', 'adapter, images/s', 'sharp, images/s']];
  for (const name of recipe ? [recipe] : presetNames) {
    const { dispatches, adapter, processor } = await timeAugmentation(device, name, source, options);
    rows.push([name, `${dispatches}`, adapter.toFixed(0), processor === undefined ? '–' : processor.toFixed(0)]);
  }
  console.log(alignColumns(rows).join('\n'));
}
