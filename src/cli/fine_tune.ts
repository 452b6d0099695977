import { join } from 'node:path';
import type { Dataset } from '../data/dataset.ts';
import { subset } from '../data/sampler.ts';
import { explained, writeWhole } from '../files.node.ts';
import type { Device } from '../gpu/device.ts';
import { encoderDefaults, type Model } from '../nn/model.ts';
import type { requestDevice } from '../node.ts';
import { collect, flatten, type Trained } from '../report/data.ts';
import { type Bank, createEvaluator, type Evaluation, evaluate } from '../train/evaluate.ts';
import type { TrainEvent } from '../train/events.ts';
import { modelOf, type RunState } from '../train/run_state.ts';
import { survive } from '../train/survive.ts';
import { train } from '../train/trainer.ts';
import { writeSafetensors } from '../weights/safetensors.ts';
import { bestOf, keepBest } from './best.node.ts';
import { writeCurves } from './curves.node.ts';
import { logEvents, readLog } from './log.node.ts';
import type { Often } from './options.ts';
import { showProgress } from './progress.ts';
import { configFor, modelFor, type Recipe, tuneStages } from './run_model.ts';
import { describing, profiling } from './run_shown.ts';
import { saving } from './saving.node.ts';
import type { Setup } from './setup.ts';
import { listenForInterruption } from './signals.node.ts';
import { statesIn } from './states.node.ts';
import { cardMetadata, loadParts, type ModelCard, readWeights } from './weights.ts';

export interface RunOptions extends Recipe {
  readonly setup: Setup;
  readonly test?: Dataset;
  /** Labelled images among which the neighbours of the test images are; some of those that are trained on unless given. */
  readonly bank?: Bank;
  /** Of the data's images, those that are held out: with them the model is chosen, and the test images are seen at the end alone. */
  readonly heldOut?: Uint32Array | undefined;
  /** Prints each stage's dispatches by layer. */
  readonly describe?: boolean | undefined;
  /** Chooses kernels by measuring them first. */
  readonly tune?: boolean | undefined;
  /** Times a step of each stage: prints its dispatches and writes a trace. */
  readonly profile?: boolean | undefined;
  /** The folder for the log, the checkpoint and states of the run, `METHOD.jsonl` and so on; it is there, and so may be a run that goes on. */
  readonly out: string;
  readonly saveEvery: Often;
  /** How many of the run's states are kept. */
  readonly keep: number;
  /** Gives another device where one is lost. */
  readonly request: typeof requestDevice;
  readonly attendant?: Attendant | undefined;
}

/** Whoever runs a training as a part of something larger. */
export interface Attendant {
  /** Told what happens. */
  readonly watch: (event: TrainEvent) => void;
  /** Ends the run after the step that runs, in place of the user's signals. */
  readonly signal?: AbortSignal;
}

export interface Outcome {
  readonly run: Trained;
  readonly model: Model;
  /** The evaluation before training; undefined of a run that went on. */
  readonly initial: Evaluation | undefined;
  /** The last evaluation, of the trained model. */
  readonly final: Evaluation | undefined;
  readonly checkpoint: string;
  /** What the model is on: another one than at first where that was lost. */
  readonly device: Device;
}

/** Trains one model by one method, showing progress, logging and saving as it goes; or goes on where the folder's run was left. */
export async function runMethod(first: Device, options: RunOptions): Promise<Outcome> {
  const { method, settings, data, indices, test, weights, out } = options;
  const { arch, encoder, seed } = settings;
  const { channels } = data;
  const create = () => modelFor(options);
  const { size } = settings.augmentation;
  const { evaluation: view = { ...(size && { size }) } } = settings;
  const { bank = { data, images: neighbours(indices, data.classes.length, seed) } } = options;
  const evaluation = { batch: settings.batch, view, bank };
  const image_size = size ?? data.size;
  const card: ModelCard = {
    arch,
    encoder: { ...encoderDefaults(arch), ...encoder, channels },
    statistics: { mean: data.mean, std: data.std },
    ...(image_size && { image_size }),
    view,
    ...(method.classifier !== false && { classes: data.classes }),
  };
  const metadata = { format: 'pt', ...cardMetadata(card), method: method.name, settings: JSON.stringify(settings) };
  const log = join(out, `${method.name}.jsonl`);
  const checkpoint = join(out, `${method.name}.safetensors`);
  const before = await readLog(log);
  if (before) refuseOtherSetup(options, before.head, log);

  let device = first;
  let model = create();
  /** The model itself, or the one that averages it. */
  let evaluated = model;
  let initial: Evaluation | undefined;
  let final: Evaluation | undefined;
  const kernels = () => ({ kernels: JSON.stringify([...device.measured]) });
  const states = statesIn(out, method.name, { keep: options.keep, metadata: () => ({ ...metadata, ...kernels() }) });
  const latest = async () => states.latest((await readLog(log))?.events ?? []);
  if (options.tune && !before) await tuneStages(device, options, create());
  const { watch, signal } = options.attendant ?? {};
  const interruption = signal ? { signal, close() {} } : listenForInterruption();
  const begin = async (on: Device, from: Awaited<ReturnType<typeof latest>>): Promise<AsyncIterable<TrainEvent>> => {
    device = on;
    model = create();
    if (from) {
      // The same kernels, for the same bits.
      device.measured.clear();
      for (const [problem, way] of JSON.parse(from.metadata.kernels ?? '[]')) device.measured.set(problem, way);
    }
    if (weights && !from)
      console.error(await loadParts(device, model, weights, ['encoder'], { partial: options.partial ?? false }));
    const config = configFor(options, model);
    final = undefined;
    evaluated = config.average?.model ?? model;
    const evaluate = options.heldOut
      ? await createEvaluator(device, evaluated, data, { ...evaluation, images: options.heldOut })
      : test && (await createEvaluator(device, evaluated, test, evaluation));
    const evaluator =
      evaluate &&
      async function* () {
        final = yield* evaluate();
        if (!from) initial ??= final;
        return final;
      };
    const events = train(device, {
      ...config,
      ...(evaluator && { evaluator }),
      profile: options.profile ?? false,
      signal: interruption.signal,
      ...(options.saveEvery.steps && { readEvery: Math.min(options.saveEvery.steps, 8) }),
      ...(from && { resume: from.state }),
    });
    const told = (await readLog(log))?.events ?? [];
    const chosen = settings.select ? keepBest(events, { before: told, save: saveBest }) : events;
    return saving(chosen, { every: options.saveEvery, states, interruption, saveModel });
  };
  const saveTo = async (path: string, state: RunState): Promise<string> => {
    const own = modelOf(state);
    const tensors = method.checkpoint?.({ tensors: new Map([...state.tensors, ...own]) }, model) ?? own;
    const bytes = writeSafetensors(tensors, { ...metadata, epoch: `${state.place.epoch}` });
    await explained(`The checkpoint ${path} cannot be written`, () => writeWhole(path, bytes));
    return path;
  };
  const saveModel = (state: RunState) => saveTo(checkpoint, state);
  const best = join(out, `${method.name}-best.safetensors`);
  const saveBest = async (state: RunState) => void (await saveTo(best, state));
  const survived = survive(first, { begin, latest, request: options.request });
  const logged = logEvents(survived, log, {
    type: 'setup',
    method: method.name,
    adapter: device.target.name,
    ...options.setup,
  });
  const described = options.describe ? describing(logged, method.title) : logged;
  const profiled = profiling(
    () => device,
    described,
    method.title,
    (stage) => join(out, `${method.name}-${stage.replace(/\W+/g, '-')}.trace.json`),
  );
  const meta = {
    ...{ method: method.name, title: method.title, seed, setup: options.setup },
    alpha: settings.coin_alpha ?? (method.settings(settings).includes('alpha') ? settings.alpha : 0),
  };
  const written = writeCurves(profiled, { folder: out, meta, before: before?.events ?? [] });
  const watched = watch ? watching(written, watch) : written;
  const shown = showProgress(watched, { title: method.title, stream: process.stderr });
  try {
    const run = await collect(meta, concatenated(before?.events ?? [], shown));
    const selected = settings.select && bestOf((await readLog(log))?.events ?? []);
    if (selected) await loadParts(device, evaluated, await readWeights(best), ['encoder', 'classifier']);
    // A run that had ended is only looked at.
    if (test && (!final || selected))
      final = await evaluate(await createEvaluator(device, evaluated, test, evaluation));
    return {
      run:
        selected && final
          ? { ...run, ...flatten(final.scores), selected: { rule: settings.select as string, epoch: selected.epoch } }
          : run,
      ...{ model: evaluated, initial, final, device },
      checkpoint: selected ? best : checkpoint,
    };
  } finally {
    interruption.close();
  }
}

/** Images among which an evaluation looks for neighbours, of all classes and of one: few, so that it takes little longer. */
const NEIGHBOURS = { all: 1000, class: 20 };

export const neighbours = (indices: Uint32Array, classes: number, seed: number): Uint32Array => {
  const most = Math.min(indices.length, Math.max(NEIGHBOURS.all, classes * NEIGHBOURS.class));
  return Uint32Array.from(subset(indices.length, most, seed), (place) => indices[place] as number);
};
async function* concatenated<T>(first: Iterable<T>, second: AsyncIterable<T>): AsyncGenerator<T> {
  yield* first;
  yield* second;
}

async function* watching(events: AsyncIterable<TrainEvent>, watch: Attendant['watch']): AsyncGenerator<TrainEvent> {
  for await (const event of events) {
    watch(event);
    yield event;
  }
}

/** Throws where a run would go on with other settings, data or weights than it began with. */
function refuseOtherSetup({ setup, method }: RunOptions, head: Record<string, unknown>, log: string): void {
  // The same files may have other names by now.
  const contents = (part: unknown) => JSON.stringify(part, (key, value) => (key === 'name' ? undefined : value));
  for (const part of ['settings', 'data', 'tested', 'weights'] as const)
    if (contents(head[part]) !== contents(setup[part]))
      throw new Error(
        `${log} was made with other ${part}, so ${method.title} cannot go on from it; give what it says, or begin another run.`,
      );
}
