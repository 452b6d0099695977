import { type Command, Option } from 'commander';
import { type StageStep, stageSteps, timeRows } from '../bench/method_steps.ts';
import { methods } from '../methods/index.ts';
import { encoders, isViT, type ModelOptions } from '../nn/model.ts';
import type { requestDevice } from '../node.ts';
import { alignColumns } from '../report/align.ts';
import { HOURS } from '../reproduce/experiments/table2.ts';
import { guarded } from './errors.ts';
import { number, positiveInteger } from './options.ts';

interface Options {
  readonly arch: ModelOptions['arch'];
  readonly batch: number;
  readonly image: number;
  readonly channels: number;
  readonly classes: number;
  readonly method?: readonly string[];
  readonly plan?: boolean;
}

/** The paper's hours over CE-Tuning's, of the methods whose it tells. */
const PAPER: Readonly<Record<string, number>> = {
  'ce-tuning': 1,
  scl: HOURS.scl / HOURS.ce,
  'core-tuning': HOURS.core / HOURS.ce,
  coin: HOURS.coin / HOURS.ce,
};

/** Adds `bench methods` to the command `bench`, which has to be there. */
export function addBenchMethods(program: Command, request: typeof requestDevice): void {
  const bench = program.commands.find((command) => command.name() === 'bench') as Command;
  const names = methods.map(({ name }) => name);
  bench
    .command('methods')
    .description("what a training step of each method costs over CE-Tuning's: floating-point operations and time")
    .addOption(new Option('--arch <name>', 'encoder').choices(Object.keys(encoders)).default('resnet8'))
    .addOption(number('--batch <n>', 'images', positiveInteger, 64))
    .addOption(number('--image <px>', 'height and width of the images', positiveInteger, 28))
    .addOption(number('--channels <n>', 'of the images', positiveInteger, 1))
    .addOption(number('--classes <n>', 'of the images', positiveInteger, 10))
    .addOption(new Option('--method <name...>', 'only these, beside ce-tuning').choices(names))
    .option('--plan', 'only count, and run no step')
    .action(guarded((options: Options) => benchMethods(options, request)));
}

async function benchMethods(
  { arch, batch, image, channels, classes, method: wanted, plan }: Options,
  request: typeof requestDevice,
): Promise<void> {
  const device = await request();
  console.log(device.description);
  console.log(
    `steps of ${arch}, batch ${batch}, ${image} px, ${channels} channels, ${classes} classes; COIN's stages by their shares of 0.7 and 0.3`,
  );
  const encoder = { channels, ...(isViT(arch) && { image_size: [image, image] as const }) };
  const setting = { model: { arch, encoder, classes }, shape: [batch, image, image, channels] };
  const chosen = methods.filter(({ name }) => name === 'ce-tuning' || !wanted || wanted.includes(name));
  const rows = chosen.map((method) => ({ method, steps: stageSteps(device.target, method, setting) }));
  const times = plan ? [] : await timeRows(device, rows);
  const sum = (steps: readonly StageStep[], of: 'flops' | 'bytes' | 'dispatches') =>
    steps.reduce((total, step) => total + step.share * step[of], 0);
  const [first] = rows as [(typeof rows)[number]];
  const over = (steps: readonly StageStep[], of: 'flops' | 'bytes') =>
    (sum(steps, of) / sum(first.steps, of)).toFixed(3);
  const timed = ['ms', 'over CE', '95 % interval', "paper's hours"];
  const head = ['method', 'launches', 'GFLOP', 'over CE', 'memory traffic over CE', ...(plan ? [] : timed)];
  const table = rows.map(({ method: { name, title }, steps }, i) => {
    const counted = [sum(steps, 'dispatches').toFixed(0), (sum(steps, 'flops') / 1e9).toPrecision(4)];
    const time = times[i];
    return [
      ...[title, ...counted, over(steps, 'flops'), over(steps, 'bytes')],
      ...(time
        ? [
            time.after.toFixed(1),
            time.ratio.toFixed(3),
            i === 0 ? '–' : `${time.low.toFixed(3)} to ${time.high.toFixed(3)}`,
            PAPER[name]?.toFixed(2) ?? '–',
          ]
        : []),
    ];
  });
  console.log(alignColumns([head, ...table]).join('\n'));
}
