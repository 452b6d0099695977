import { checkImages } from '../data/dataset.ts';
import { batchSizes, epochBatches } from '../data/sampler.ts';
import type { Device, TypedArray } from '../gpu/device.ts';
import type { Readback } from '../gpu/program/program.ts';
import type { Stage } from '../methods/method.ts';
import type { Model } from '../nn/model.ts';
import { accumulator } from '../optim/accumulate.ts';
import { createSchedule, rateEpoch, type Schedule, takesStep } from '../optim/schedule.ts';
import { elements } from '../tape/tensor.ts';
import { saveState } from '../weights/state_dict.ts';
import type { TrainConfig } from './config.ts';
import type { Evaluator } from './evaluate.ts';
import type { TrainEvent } from './events.ts';
import { createFiniteCheck, type FiniteCheck } from './finite.ts';
import { notices } from './notices.ts';
import { createStagePrograms, type StagePrograms } from './stage_programs.ts';

/** The micro-batch of a stage that is profiled where that is asked for: late enough to find all memory touched. */
const PROFILED = 2;

/** Milliseconds between two events of one evaluation. */
const TELL_EVERY = 500;

/** Micro-batches between two readbacks of losses: rare enough to cost nothing, often enough to see. */
const READ_EVERY = 8;

/**
 * Trains a model by a method, in one program a stage (and batch size), and tells what happens as a stream of events.
 * Nothing is awaited within an epoch but losses every few steps. A stage's end does not restart the learning rate, and
 * momentum carries over; what a stage's loss does not reach (a classifier under SupCon alone) is not updated.
 * Throws when a loss or a weight is not finite; the state of the last checkpoint event was still good.
 */
export async function* train(device: Device, config: TrainConfig): AsyncGenerator<TrainEvent> {
  const { method, options, model, indices, batch, evaluator, evaluateEvery = 1, accumulate = 1 } = config;
  checkImages(config.data.name, config.data.labels.length, indices);
  const stages = method.stages(options, model).filter(({ epochs: [from, to] }) => from < to);
  const epochs = stages.at(-1)?.epochs[1] ?? 0;
  const rate = createSchedule(config.lr, epochs, config.schedule);
  const stepsPerEpoch = batchSizes(indices.length, batch, config).length;
  yield {
    type: 'start',
    method: method.name,
    epochs,
    stepsPerEpoch,
    images: indices.length,
    parameters: countParameters(model),
    adapter: device.target.name,
    evaluations: evaluator ? 1 + Math.ceil(epochs / evaluateEvery) : 0,
  };
  for (const message of notices(config, stages)) yield { type: 'notice', message };
  // All stages are made before any is trained, so that a later one that the adapter cannot hold costs no work.
  const sums = accumulate > 1 ? accumulator(model.store.arena) : undefined;
  const prepared: { stage: Stage; programs: StagePrograms }[] = [];
  for (const stage of stages)
    prepared.push({ stage, programs: await createStagePrograms(device, config, stage, sums) });
  const checkWeights = await createFiniteCheck(device, model);
  if (evaluator) yield* evaluation(evaluator, 0);

  let seconds = 0;
  for (const { stage, programs } of prepared) {
    const { describe, memory } = programs;
    yield { type: 'stage', stage: stage.name, epoch: stage.epochs[0], dispatches: describe().length, describe, memory };
    for (let epoch = stage.epochs[0]; epoch < stage.epochs[1]; epoch++) {
      const started = performance.now();
      await stage.beforeEpoch?.(epoch, device);
      const losses = yield* trainEpoch(config, stage, programs, checkWeights, {
        epoch,
        rate,
        firstStep: epoch * stepsPerEpoch,
      });
      await device.idle();
      seconds += (performance.now() - started) / 1000;
      yield { type: 'epoch', epoch, stage: stage.name, lr: rate(epoch), losses, seconds };
      const done = epoch + 1;
      if (evaluator && (done % evaluateEvery === 0 || done === epochs)) yield* evaluation(evaluator, done);
      yield { type: 'checkpoint', epoch: done, save: () => saveState(device, model.store.entries) };
    }
  }
  yield { type: 'end', seconds };
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

/** Submits all steps of an epoch and tells their losses a few at a time. Returns the losses' means over the images. */
async function* trainEpoch(
  { method, indices, batch, drop_last = false, seed, accumulate = 1, leftover, schedule, profile }: TrainConfig,
  stage: Stage,
  programs: StagePrograms,
  checkWeights: () => FiniteCheck,
  { epoch, rate, firstStep }: { epoch: number; rate: Schedule; firstStep: number },
): AsyncGenerator<TrainEvent, Record<string, number>> {
  const sums: Record<string, number> = {};
  const pending: { images: number; readback: Readback<string> }[] = [];
  const batches = epochBatches(indices, { batch, seed, epoch, drop_last });
  const microBatches = batches.length;
  let seen = 0;
  let since = performance.now();
  for (const [index, chosen] of batches.entries()) {
    const isLast = index === microBatches - 1;
    const step = firstStep + index;
    const apply = takesStep(index, microBatches, accumulate, leftover);
    const lr = rate(rateEpoch({ epoch, index }, { microBatches, accumulate, ...schedule }));
    const timed = profile === true && epoch === stage.epochs[0] && index === Math.min(PROFILED, microBatches - 1);
    let readback: Readback<string>;
    if (timed) {
      const profile = await programs.profile(chosen, step, lr, apply);
      yield { type: 'profile', stage: stage.name, profile };
      readback = profile;
    } else readback = await programs.run(chosen, step, lr, apply);
    pending.push({ images: chosen.length, readback });
    if (pending.length < READ_EVERY && !isLast) continue;
    const weights = checkWeights();
    const stop = (what: string, value: number) =>
      new Error(
        `${method.name}: the ${what} became ${value} in epoch ${epoch + 1} (${stage.name}, learning rate ${lr.toPrecision(3)}); try a lower learning rate.`,
      );
    let losses: Record<string, number> = {};
    let images = 0;
    for (const { images: count, readback } of pending.splice(0)) {
      losses = lossesOf(await readback.read());
      const broken = Object.entries(losses).find(([, value]) => !Number.isFinite(value));
      if (broken) throw stop(`loss ${broken[0]}`, broken[1]);
      for (const [name, value] of Object.entries(losses)) sums[name] = (sums[name] ?? 0) + value * count;
      images += count;
    }
    const broken = await weights();
    if (broken) throw stop(`weight ${broken.name}`, broken.value);
    const now = performance.now();
    yield { type: 'step', epoch, step, lr, losses, imagesPerSecond: (1000 * images) / (now - since) };
    since = now;
    seen += images;
  }
  return Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / seen]));
}

const countParameters = ({ store }: Model): number =>
  store.arena.chunks.flatMap(({ parameters }) => parameters).reduce((sum, { shape }) => sum + elements(shape), 0);

/** The losses of one micro-batch by name. */
const lossesOf = (outputs: Readonly<Record<string, TypedArray>>): Record<string, number> =>
  Object.fromEntries(
    Object.entries(outputs).map(([name, values]) => [name.slice('loss.'.length), values[0] as number]),
  );
