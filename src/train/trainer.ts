import { augment } from '../data/augment.ts';
import { checkImages } from '../data/dataset.ts';
import { batchSizes, drawnBatches, epochBatches } from '../data/sampler.ts';
import type { Device, TypedArray } from '../gpu/device.ts';
import type { Target } from '../gpu/kernel/target.ts';
import type { Readback } from '../gpu/program/program.ts';
import type { Batches, Preparation, Stage } from '../methods/method.ts';
import type { Model } from '../nn/model.ts';
import { accumulator } from '../optim/accumulate.ts';
import { createSchedule, microBatchesOf, rateEpoch, type Schedule, takesStep } from '../optim/schedule.ts';
import { elements } from '../tape/tensor.ts';
import { copyBuffers, loadState, saveState } from '../weights/state_dict.ts';
import type { TrainConfig } from './config.ts';
import { contrastOf, isContrast, namedSums } from './contrast.ts';
import type { Evaluator } from './evaluate.ts';
import type { TrainEvent } from './events.ts';
import { createFiniteCheck, type FiniteCheck } from './finite.ts';
import { notices } from './notices.ts';
import { BEGINNING, captureState, type Place, restoreState, type Stateful, SUMS } from './run_state.ts';
import { createStagePrograms, recordStage, type StagePrograms, stepInputs } from './stage_programs.ts';
import { augmentationOf, CONTRAST } from './step.ts';
import { telling } from './telling.ts';

/** The micro-batch of a stage that is profiled where that is asked for: late enough to find all memory touched. */
const PROFILED = 2;

/** Milliseconds between two events of one evaluation. */
const TELL_EVERY = 500;

/** Micro-batches between two readbacks of losses: rare enough to cost nothing, often enough to see. */
const READ_EVERY = 8;

/** What follows from a run's settings before anything is computed. Throws where they do not go together. */
function planOf(config: TrainConfig) {
  const { method, options, model, indices, batch, accumulate = 1 } = config;
  checkImages(config.data.name, config.data.labels.length, indices);
  const stages = method.stages(options, model).filter(({ epochs: [from, to] }) => from < to);
  const planned = stages.at(-1)?.epochs[1] ?? 0;
  const microBatches = batchSizes(indices.length, batch, config).length;
  const limit =
    config.steps === undefined
      ? planned * microBatches
      : Math.min(planned * microBatches, microBatchesOf(config.steps, microBatches, accumulate, config.leftover));
  const epochs = Math.ceil(limit / microBatches);
  // Where steps are counted the last epoch may end early, and the rate falls up to there.
  const rate = createSchedule(config.lr, config.steps === undefined ? epochs : limit / microBatches, config.schedule);
  return { stages, microBatches, limit, epochs, rate };
}

/**
 * Records all that `train` would compile, and throws what it would throw before its first step: nothing runs. Its model and optimizer
 * are not to be trained afterwards.
 */
export function rehearse(target: Target, config: TrainConfig): void {
  const { stages, rate } = planOf(config);
  // They throw when they are asked for.
  Array.from(notices(config, stages));
  if (stages.length > 0) rate(0);
  const sums = (config.accumulate ?? 1) > 1 ? accumulator(config.model.store.arena) : undefined;
  for (const stage of stages) recordStage(target, config, stage, sums);
}

/**
 * Trains a model by a method, in one program a stage (and batch size), and tells what happens as a stream of events.
 * Nothing is awaited within an epoch but losses every few steps. A stage's end does not restart the learning rate, and
 * momentum carries over; what a stage's loss does not reach (a classifier under SupCon alone) is not updated.
 * A run that goes on from a state ends with the same bits as one that was never stopped, on the same adapter with the same kernels.
 * Throws when a loss or a weight is not finite, or the loss explodes; the state of the last checkpoint event was still good.
 */
export async function* train(device: Device, config: TrainConfig): AsyncGenerator<TrainEvent> {
  const { method, model, indices, evaluator, evaluateEvery = 1, accumulate = 1, resume } = config;
  const { stages, microBatches, limit, epochs, rate } = planOf(config);
  const evaluationsUpTo = (epoch: number) => (epoch < 0 ? 0 : 1 + Math.ceil(epoch / evaluateEvery));
  let place = resume?.place ?? BEGINNING;
  yield {
    type: 'start',
    method: method.name,
    epochs,
    stepsPerEpoch: microBatches,
    images: indices.length,
    parameters: countParameters(model),
    adapter: device.target.name,
    evaluations: evaluator ? evaluationsUpTo(epochs) - evaluationsUpTo(place.evaluated) : 0,
    ...(resume && { from: { epoch: place.epoch, index: place.index, evaluated: place.evaluated } }),
  };
  for (const message of notices(config, stages)) yield { type: 'notice', message };
  // All stages are made before any is trained, so that a later one that the adapter cannot hold costs no work.
  const sums = accumulate > 1 ? accumulator(model.store.arena) : undefined;
  const prepared: { stage: Stage; programs: StagePrograms }[] = [];
  for (const stage of stages)
    if (place.epoch < stage.epochs[1])
      prepared.push({ stage, programs: await createStagePrograms(device, config, stage, sums) });
  const stateful = (isBetweenSteps: boolean): Stateful => ({
    model: model.store.entries,
    optimizer: config.optimizer,
    average: config.average?.model.store.entries,
    parts: {
      method: new Map(stages.flatMap(({ state }) => [...(state ?? [])])),
      ...(sums && !isBetweenSteps && { [SUMS]: sums.state() }),
    },
  });
  const average = config.average?.model.store;
  if (average) await loadState(device, average.entries, await saveState(device, model.store.entries), 'The model');
  if (resume) await restoreState(device, stateful(false), resume, 'The state that the run goes on from');
  const isDue = ({ epoch, index, evaluated }: Place) =>
    evaluator !== undefined && index === 0 && evaluated < epoch && (epoch % evaluateEvery === 0 || epoch === epochs);
  const checkpoint = (): TrainEvent => {
    const { epoch, index } = place;
    const isBetweenSteps =
      index > 0 ? takesStep(index - 1, microBatches, accumulate) : config.leftover !== 'carry' || epoch === 0;
    return {
      type: 'checkpoint',
      epoch,
      step: epoch * microBatches + index,
      final: epoch === epochs && !isDue(place),
      capture: async () => {
        if (average) await copyBuffers(device, model.store.entries, average.entries);
        return captureState(device, stateful(isBetweenSteps), place);
      },
    };
  };
  const run: Running = {
    device,
    config,
    rate,
    microBatches,
    limit,
    checkWeights: await createFiniteCheck(device, model),
  };

  for (let told: Stage | undefined; ; ) {
    if (evaluator && isDue(place)) {
      if (average) await copyBuffers(device, model.store.entries, average.entries);
      yield* evaluation(evaluator, place.epoch);
      place = { ...place, evaluated: place.epoch };
      if (place.epoch > 0) yield checkpoint();
    }
    const current = prepared.find(({ stage }) => place.epoch < Math.min(epochs, stage.epochs[1]));
    if (!current) break;
    const { stage, programs } = current;
    if (stage !== told) {
      const { describe, memory } = programs;
      yield {
        type: 'stage',
        stage: stage.name,
        epoch: stage.epochs[0],
        dispatches: describe().length,
        describe,
        memory,
      };
      told = stage;
    }
    if (place.index === 0) yield* preparation(device, config, stage, place.epoch);
    for await (const { event, at } of trainEpoch(run, stage, programs, place)) {
      place = at;
      yield event;
      if (event.type === 'epoch' || (event.type === 'step' && at.index > 0)) yield checkpoint();
    }
  }
  yield { type: 'end', seconds: place.seconds };
}

/** What a stage does before an epoch, told as it goes on. */
async function* preparation(
  device: Device,
  config: TrainConfig,
  stage: Stage,
  epoch: number,
): AsyncGenerator<TrainEvent> {
  const batches = batchesOf(config, stage);
  for await (const told of telling<Preparation>(async (tell) => stage.beforeEpoch?.(epoch, device, batches, tell)))
    yield { type: 'preparing', stage: stage.name, epoch, ...told };
}

/** What a stage's hooks see of the images, unmixed. Batches that are short are left out, since a program has one size. */
function batchesOf(config: TrainConfig, stage: Stage): Batches {
  const { data, indices, seed } = config;
  const { mix, ...augmentation } = augmentationOf(stage, config.augmentation);
  const batch = Math.min(config.batch, indices.length);
  const views = config.method.views ?? 1;
  return {
    record: (tape) => augment(tape, data, views * batch, augmentation),
    of: (pass) =>
      epochBatches(indices, { batch, seed, epoch: pass, drop_last: true }).filter(({ length }) => length === batch),
    async inputs(device, images, step) {
      return stepInputs((await data.feed?.bring(device, images)) ?? images, config, step);
    },
  };
}

async function* evaluation(evaluator: Evaluator, epoch: number): AsyncGenerator<TrainEvent> {
  const running = evaluator();
  let told = Number.NEGATIVE_INFINITY;
  for (let next = await running.next(); ; next = await running.next()) {
    if (next.done) return yield { type: 'evaluation', epoch, ...next.value.scores };
    if (performance.now() - told < TELL_EVERY) continue;
    told = performance.now();
    yield { type: 'evaluating', epoch, ...next.value };
  }
}

/** What the epochs of a run share. */
interface Running {
  readonly device: Device;
  readonly config: TrainConfig;
  readonly rate: Schedule;
  readonly microBatches: number;
  /** Of the whole run. */
  readonly limit: number;
  readonly checkWeights: () => FiniteCheck;
}

/** A loss above this is no longer one that training comes back from. */
const EXPLODED = 1e6;

/**
 * Submits the steps of an epoch from a place in it on and tells their losses a few at a time, each event with the place that is
 * then reached, and at last their means over the images.
 */
async function* trainEpoch(
  { device, config, rate, microBatches, limit, checkWeights }: Running,
  stage: Stage,
  programs: StagePrograms,
  from: Place,
): AsyncGenerator<{ readonly event: TrainEvent; readonly at: Place }> {
  const { method, indices, accumulate = 1, leftover, schedule } = config;
  const { readEvery = READ_EVERY, profile, signal } = config;
  const { feed } = config.data;
  const { epoch } = from;
  let place = from;
  const pending: { images: number; readback: Readback<string> }[] = [];
  const batches = drawnBatches(indices, config.data.labels, epoch, config);
  const end = Math.min(microBatches, limit - epoch * microBatches);
  feed?.plan(batches.slice(from.index, end));
  let since = performance.now();
  let waited = feed?.waited() ?? 0;
  for (let index = from.index; index < end; index++) {
    const chosen = batches[index] as (typeof batches)[number];
    const isLast = index === end - 1;
    const step = epoch * microBatches + index;
    const apply = takesStep(index, microBatches, accumulate, leftover);
    const lr = rate(rateEpoch({ epoch, index }, { microBatches, accumulate, ...schedule }));
    const { rate: own } = stage;
    const rateOf = own && ((parameter: string) => own(parameter, { epoch, lr, peak: config.lr }));
    const timed = profile === true && epoch === stage.epochs[0] && index === Math.min(PROFILED, microBatches - 1);
    const held = (await feed?.bring(device, chosen)) ?? chosen;
    let readback: Readback<string>;
    if (timed) {
      const profile = await programs.profile(held, step, rateOf ?? lr, apply);
      yield { event: { type: 'profile', stage: stage.name, profile }, at: place };
      readback = profile;
    } else readback = await programs.run(held, step, rateOf ?? lr, apply);
    pending.push({ images: chosen.length, readback });
    if ((step + 1) % readEvery !== 0 && !isLast && !signal?.aborted) continue;
    const weights = checkWeights();
    const stop = (what: string, value: number) =>
      new Error(
        `${method.name}: the ${what} became ${value} in epoch ${epoch + 1} (${stage.name}, learning rate ${lr.toPrecision(3)}); try a lower learning rate.`,
      );
    let losses: Record<string, number> = {};
    let images = 0;
    const sums: Record<string, number> = { ...place.sums };
    const latest: Record<string, number> = {};
    for (const { images: count, readback } of pending.splice(0)) {
      const read = await readback.read();
      losses = lossesOf(read);
      const broken = Object.entries(losses).find(([, value]) => !(Math.abs(value) < EXPLODED));
      if (broken) throw stop(`loss ${broken[0]}`, broken[1]);
      for (const [name, value] of Object.entries(losses)) sums[name] = (sums[name] ?? 0) + value * count;
      for (const [name, value] of read[CONTRAST] ? namedSums(read[CONTRAST]) : [])
        for (const all of [sums, latest]) all[name] = (all[name] ?? 0) + value;
      images += count;
    }
    const broken = await weights();
    if (broken) throw stop(`weight ${broken.name}`, broken.value);
    const now = performance.now();
    const seconds = place.seconds + (now - since) / 1000;
    place = { ...place, index: index + 1, seconds, images: place.images + images, sums };
    const speed = {
      imagesPerSecond: (1000 * images) / (now - since),
      ...(feed && { waiting: (feed.waited() - waited) / (now - since) }),
    };
    const contrast = contrastOf(latest);
    const event: TrainEvent = { type: 'step', epoch, step, lr, losses, ...(contrast && { contrast }), ...speed };
    if (!isLast) yield { event, at: place };
    else {
      const means = Object.fromEntries(
        Object.entries(sums).flatMap(([name, sum]) => (isContrast(name) ? [] : [[name, sum / place.images]])),
      );
      const contrast = contrastOf(sums);
      const at = { ...place, epoch: epoch + 1, index: 0, images: 0, sums: {} };
      yield { event, at };
      const told = { losses: means, ...(contrast && { contrast }) };
      yield { event: { type: 'epoch', epoch, stage: stage.name, lr: rate(epoch), ...told, seconds }, at };
    }
    since = performance.now();
    waited = feed?.waited() ?? 0;
  }
}

const countParameters = ({ store }: Model): number =>
  store.arena.chunks.flatMap(({ parameters }) => parameters).reduce((sum, { shape }) => sum + elements(shape), 0);

/** The losses of one micro-batch by name. */
const lossesOf = (outputs: Readonly<Record<string, TypedArray>>): Record<string, number> =>
  Object.fromEntries(
    Object.entries(outputs).flatMap(([name, values]) =>
      name === CONTRAST ? [] : [[name.slice('loss.'.length), values[0] as number]],
    ),
  );
