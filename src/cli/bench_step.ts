import { type Command, InvalidArgumentError, Option } from 'commander';
import { measureCompile } from '../bench/measure_compile.ts';
import { measureRoofs } from '../bench/roofs.ts';
import { createTrainingStep, recordForTuning, timeSteps } from '../bench/training_step.ts';
import { mebibytes } from '../gpu/device.ts';
import { ceTuning } from '../methods/ce_tuning.ts';
import { coin } from '../methods/coin.ts';
import { scl } from '../methods/scl.ts';
import { createModel, encoders, isViT, type ModelOptions } from '../nn/model.ts';
import { STEMS } from '../nn/resnet.ts';
import type { requestDevice } from '../node.ts';
import { families } from '../ops/families.ts';
import { alignColumns } from '../report/align.ts';
import { profileTable } from '../report/profile.ts';
import { shareOfRoof } from '../report/roof.ts';
import { guarded } from './errors.ts';
import { number, positiveInteger, refuseIdle } from './options.ts';
import { processorTime } from './processor_time.node.ts';
import { OPTIMIZERS } from './setup.ts';
import { writeTrace } from './trace.node.ts';
import { addTuneOptions, type TuneOptions, tuneFor, useTuned } from './tune.ts';

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

const LOSSES = { ce: ceTuning, scl, coin };

interface StepOptions extends TuneOptions {
  readonly arch: ModelOptions['arch'];
  readonly batch?: number;
  readonly image: number;
  readonly stem?: keyof typeof STEMS;
  readonly loss: keyof typeof LOSSES;
  readonly optimizer: (typeof OPTIMIZERS)[number];
  readonly runs: number;
  readonly plan?: boolean;
  readonly profile?: string | true;
  readonly candidate?: Readonly<Record<string, string>>;
}

/** Images of a step where none are given: software drivers take seconds for each. */
const BATCH = { cpu: 2, gpu: 64 };

/** The slowest pipelines that are listed. */
const LISTED = 5;

/** Adds `bench step` to the command `bench`, which has to be there. */
export function addBenchStep(program: Command, request: typeof requestDevice): void {
  const bench = program.commands.find((command) => command.name() === 'bench') as Command;
  // So that options after `step` are its own, also those that `bench` has under the same name.
  program.enablePositionalOptions();
  const step = addTuneOptions(
    bench
      .enablePositionalOptions()
      .command('step')
      .description('build, compile and time a whole training step: forward, backward and optimizer'),
  )
    .addOption(new Option('--arch <name>', 'encoder').choices(Object.keys(encoders)).default('resnet50'))
    .addOption(number('--batch <n>', 'images (default: 64, software drivers: 2)', positiveInteger))
    .addOption(number('--image <px>', 'height and width of the images', positiveInteger, 224))
    .addOption(new Option('--stem <kind>', 'first convolution').choices(Object.keys(STEMS)))
    .addOption(
      new Option('--loss <name>', 'cross-entropy, SCL or SupCon alone').choices(Object.keys(LOSSES)).default('ce'),
    )
    .addOption(new Option('--optimizer <name>', 'SGD with momentum, or AdamW').choices(OPTIMIZERS).default('sgd'))
    .addOption(number('--runs <n>', 'timed steps', positiveInteger, 3))
    .option('--plan', 'tell memory and compile times, but run no step')
    .option(
      '--candidate <op=name...>',
      'force kernels where they can run, for example batch_norm.statistics=epilogue',
      forced,
    )
    .option('--profile [file]', 'also time each dispatch and write a trace (default: step.trace.json)')
    .action(guarded((options: StepOptions) => benchStep(options, request)));
  refuseIdle(step, { idle: { plan: ['runs', 'profile'] } });
}

/** Adds `OP=NAME` to the candidates that are forced already. */
function forced(text: string, earlier: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const [op = '', name = ''] = text.split('=');
  const known = families[op]?.map((candidate) => candidate.name);
  if (!known) throw new InvalidArgumentError(`Ops with candidates are ${Object.keys(families).join(', ')}.`);
  if (!known.includes(name)) throw new InvalidArgumentError(`Candidates of ${op} are ${known.join(', ')}.`);
  return { ...earlier, [op]: name };
}

async function benchStep(
  { arch, image, stem, loss, optimizer, runs, plan, profile, tune, tuned, candidate, ...options }: StepOptions,
  request: typeof requestDevice,
): Promise<void> {
  const device = await request();
  const { target } = device;
  console.log(device.description);
  await useTuned(device, { tune, tuned });
  const batch = options.batch ?? BATCH[target.kind];
  const method = LOSSES[loss];
  const create = () =>
    createModel({
      ...{ arch, classes: 1000, seed: 0 },
      projector: method.projector ? {} : undefined,
      encoder: { ...(stem && { stem }), ...(isViT(arch) && { image_size: [image, image] as const }) },
    });
  const model = create();
  const shape = [batch, image, image, model.encoder.channels];
  if (tune) {
    // On a device of its own, so that what follows still starts from cold.
    const tuner = await request();
    for (const [key, choice] of device.measured) tuner.measured.set(key, choice);
    const measured = create();
    await tuneFor(tuner, `${arch}, batch ${batch}`, (choose) =>
      recordForTuning(tuner.target, measured, method, shape, choose),
    );
    for (const [key, choice] of tuner.measured) device.measured.set(key, choice);
    tuner.destroy();
  }
  const step = createTrainingStep(target, model, method, shape, candidate, optimizer);
  const { dispatches, memory } = step;
  const flops = dispatches.reduce((sum, dispatch) => sum + dispatch.flops, 0);
  const bytes = dispatches.reduce((sum, dispatch) => sum + dispatch.bytes, 0);
  console.log(
    `${arch}, ${loss}, ${optimizer}, batch ${batch}, ${image} px: ${dispatches.length} dispatches, ${(flops / 1e9).toFixed(1)} GFLOP, ${(bytes / 1e9).toPrecision(3)} GB moved at least`,
  );
  console.log(
    `memory: peak ${mebibytes(memory.planned + memory.lasting)} with reuse, ${mebibytes(memory.unshared + memory.lasting)} without; ` +
      `what backward keeps ${mebibytes(memory.kept)} + parameters, gradients, state and inputs ${mebibytes(memory.lasting)} ` +
      `= ${mebibytes(memory.kept + memory.lasting)}; ratio ${((memory.planned + memory.lasting) / (memory.kept + memory.lasting)).toFixed(3)}`,
  );

  const compiled = await measureCompile(device, step.tape, await request(), processorTime);
  console.log(
    `compile from cold: ${compiled.seconds.toFixed(1)} s for ${compiled.pipelines.length} pipelines in parallel, first dispatch of each included; one by one ${(sumOf(compiled.pipelines.map(({ processor = 0 }) => processor)) / 1000).toFixed(1)} s of processor time, the slowest:`,
  );
  const slowest = compiled.pipelines.slice(0, LISTED).map(({ kernel, constants, milliseconds, processor = 0 }) => {
    const values = Object.entries(constants).map(([name, value]) => `${name}=${value}`);
    return [`  ${kernel}`, `${milliseconds.toFixed(0)} ms`, `(processor ${processor.toFixed(0)} ms)`, values.join(' ')];
  });
  console.log(alignColumns(slowest).join('\n'));
  if (plan) return;

  const roofs = await measureRoofs(device);
  const { program } = compiled;
  const timed = await timeSteps(device, program, step.inputs, runs);
  const seconds = timed.step / 1000;
  console.log(
    `step: ${timed.step.toFixed(1)} ms, ${(batch / seconds).toFixed(1)} images/s, ${(flops / 1e9 / seconds).toFixed(1)} GF/s, ${(100 * shareOfRoof({ flops, bytes }, timed.step, roofs).share).toFixed(0)} % of the roof (median of ${runs})`,
  );
  console.log(
    `host: ${timed.host.toFixed(2)} ms a step, ${((100 * timed.host) / timed.step).toFixed(2)} % of it: ${timed.recording.toFixed(2)} ms to record and submit, the rest to write ${mebibytes(timed.written)} of inputs`,
  );
  if (profile === undefined) return;
  const profiled = await program.profile(step.inputs);
  console.log(profileTable(profiled, { roofs }));
  console.log(await writeTrace(profile === true ? 'step.trace.json' : profile, profiled, `${arch}, batch ${batch}`));
}
