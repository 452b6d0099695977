import { join } from 'node:path';
import { measureRoofs } from '../bench/roofs.ts';
import { augment } from '../data/augment.ts';
import type { Dataset } from '../data/dataset.ts';
import { explained, writeWhole } from '../files.node.ts';
import type { Device } from '../gpu/device.ts';
import type { Method } from '../methods/method.ts';
import { createModel, type Model } from '../nn/model.ts';
import { RESNETS } from '../nn/resnet.ts';
import { sgd } from '../optim/sgd.ts';
import { collect, type Run } from '../report/data.ts';
import { dispatchTable, memoryLine } from '../report/dispatches.ts';
import { profileTable } from '../report/profile.ts';
import { createTape } from '../tape/tape.ts';
import { createEvaluator, type Evaluation } from '../train/evaluate.ts';
import type { TrainEvent } from '../train/events.ts';
import { recordStep } from '../train/step.ts';
import { train } from '../train/trainer.ts';
import { firstNonFinite } from '../weights/finite.ts';
import { writeSafetensors } from '../weights/safetensors.ts';
import { saveState } from '../weights/state_dict.ts';
import { logEvents } from './log.node.ts';
import { showProgress } from './progress.ts';
import type { Settings, Setup } from './setup.ts';
import { listenForInterruption } from './signals.node.ts';
import { writeTrace } from './trace.node.ts';
import { tuneFor } from './tune.ts';
import { cardMetadata, loadParts, type ModelCard, type Weights } from './weights.ts';

export interface RunOptions {
  readonly method: Method;
  readonly settings: Settings;
  readonly setup: Setup;
  readonly data: Dataset;
  readonly indices: Uint32Array;
  readonly test?: Dataset;
  /** The encoder to start from; random values where absent. With `partial`, what matches of it. */
  readonly weights?: Weights | undefined;
  readonly partial?: boolean | undefined;
  /** Prints each stage's dispatches by layer. */
  readonly describe?: boolean | undefined;
  /** Chooses kernels by measuring them first. */
  readonly tune?: boolean | undefined;
  /** Times a step of each stage: prints its dispatches and writes a trace. */
  readonly profile?: boolean | undefined;
  /** The folder for the log and the checkpoint, `METHOD.jsonl` and `METHOD.safetensors`; it is there. */
  readonly out: string;
}

export interface Outcome {
  readonly run: Run;
  readonly model: Model;
  /** The last evaluation, of the trained model. */
  readonly final: Evaluation | undefined;
  readonly checkpoint: string;
}

/** Seconds between two checkpoints, so that small epochs do not spend their time on the disk. */
const SAVE_EVERY = 10;

/** Trains one model by one method, showing progress, logging and saving as it goes. */
export async function runMethod(device: Device, options: RunOptions): Promise<Outcome> {
  const { method, settings, data, indices, test, weights, out } = options;
  const { arch, encoder, seed, lr, batch, accumulate, momentum, weight_decay, augmentation, evaluateEvery, alpha } =
    settings;
  const { channels } = data;
  const classes = method.views ? undefined : data.classes.length;
  const create = () =>
    createModel({
      arch,
      encoder: { ...encoder, channels },
      projector: method.projector ? settings.projector : undefined,
      classes,
      seed,
    });
  if (options.tune) await tuneStages(device, options, create());
  const model = create();
  if (weights)
    console.error(await loadParts(device, model, weights, ['encoder'], { partial: options.partial ?? false }));
  const { size } = settings.augmentation;
  const evaluate = test && (await createEvaluator(device, model, test, { batch, view: { ...(size && { size }) } }));
  let final: Evaluation | undefined;
  const evaluator =
    evaluate &&
    async function* () {
      final = yield* evaluate();
      return final;
    };
  const optimizer = sgd(model.store.arena, { momentum, nesterov: true, weight_decay });
  const checkpoint = join(out, `${method.name}.safetensors`);
  const image_size = size ?? data.size;
  const card: ModelCard = {
    arch,
    encoder: { ...RESNETS[arch], ...encoder, channels },
    statistics: { mean: data.mean, std: data.std },
    ...(image_size && { image_size }),
    ...(classes !== undefined && { classes: data.classes }),
  };
  const metadata = {
    format: 'pt',
    ...cardMetadata(card),
    method: method.name,
    settings: JSON.stringify(settings),
  };
  const events = train(device, {
    method,
    options: settings,
    model,
    optimizer,
    data,
    indices,
    ...(evaluator && { evaluator }),
    evaluateEvery,
    batch,
    accumulate,
    lr,
    seed,
    augmentation,
    profile: options.profile ?? false,
  });
  const save = (epoch: number) => saveCheckpoint(device, model, checkpoint, { ...metadata, epoch: `${epoch}` });
  const saved = saving(
    logEvents(events, join(out, `${method.name}.jsonl`), {
      type: 'setup',
      method: method.name,
      adapter: device.target.name,
      ...options.setup,
    }),
    save,
  );
  const described = options.describe ? describing(saved, method.title) : saved;
  const profiled = profiling(device, described, method.title, (stage) =>
    join(out, `${method.name}-${stage.replace(/\W+/g, '-')}.trace.json`),
  );
  const run = await collect(
    {
      ...{ method: method.name, title: method.title, seed, setup: options.setup },
      alpha: method.name === 'coin' ? alpha : 0,
    },
    showProgress(profiled, { title: method.title, stream: process.stderr }),
  );
  return { run, model, final, checkpoint };
}

/** Passes events on and prints what a step of each stage launches. */
async function* describing(events: AsyncIterable<TrainEvent>, title: string): AsyncGenerator<TrainEvent> {
  for await (const event of events) {
    if (event.type === 'stage')
      console.log(
        `${title}, ${event.stage}: one step by layer\n${dispatchTable(event.describe())}\n${memoryLine(event.memory)}\n`,
      );
    yield event;
  }
}

/** Measures the candidates of each stage's full micro-batch on a model that is not needed afterwards. */
async function tuneStages(device: Device, options: RunOptions, model: Model): Promise<void> {
  const { method, settings, data, indices } = options;
  const images = (method.views ?? 1) * Math.min(settings.batch, indices.length);
  for (const stage of method.stages(settings, model).filter(({ epochs: [from, to] }) => from < to))
    await tuneFor(device, `${method.title}, ${stage.name}`, (choose) => {
      const tape = createTape(device.target, { candidates: choose });
      recordStep(tape, model, stage, augment(tape, data, images, settings.augmentation));
      return tape;
    });
}

/** Passes events on and shows profiles: as a table, and as a trace in the stage's file. */
async function* profiling(
  device: Device,
  events: AsyncIterable<TrainEvent>,
  title: string,
  fileOf: (stage: string) => string,
): AsyncGenerator<TrainEvent> {
  for await (const event of events) {
    if (event.type === 'profile') {
      console.log(
        `${title}, ${event.stage}: one micro-batch by time\n${profileTable(event.profile, { roofs: await measureRoofs(device) })}`,
      );
      console.log(await writeTrace(fileOf(event.stage), event.profile, `${title}, ${event.stage}`));
    }
    yield event;
  }
}

/** Passes events on and saves: every few seconds at the end of an epoch, at the end, and when the user interrupts. */
async function* saving(
  events: AsyncIterable<TrainEvent>,
  save: (epoch: number) => Promise<string>,
): AsyncGenerator<TrainEvent> {
  const interruption = listenForInterruption();
  let epochs = 0;
  let epoch = 0;
  let isTrained = false;
  let last = performance.now();
  try {
    for await (const event of events) {
      if (event.type === 'start') epochs = event.epochs;
      if (event.type === 'step') isTrained = true;
      if (event.type === 'epoch') epoch = event.epoch + 1;
      yield event;
      if (event.type === 'checkpoint') {
        if (epoch === epochs || performance.now() - last > 1000 * SAVE_EVERY) {
          await save(epoch);
          last = performance.now();
        }
      }
      if (!interruption.signal.aborted || event.type === 'end') continue;
      if (!isTrained) throw new Error('Interrupted before the first step, so there is no model to save.');
      throw new Error(`Interrupted after ${epoch} epochs; the model so far is in ${await save(epoch)}.`);
    }
  } finally {
    interruption.close();
  }
}

/** Writes a checkpoint so that a reader never sees half of one. Returns its path. */
async function saveCheckpoint(
  device: Device,
  model: Model,
  path: string,
  metadata: Record<string, string>,
): Promise<string> {
  const state = await saveState(device, model.store.entries);
  const broken = firstNonFinite(state);
  if (broken)
    throw new Error(
      `${broken.name} became ${broken.value}, so no checkpoint is written to ${path}; try a lower learning rate.`,
    );
  await explained(`The checkpoint ${path} cannot be written`, () =>
    writeWhole(path, writeSafetensors(state, metadata)),
  );
  return path;
}
