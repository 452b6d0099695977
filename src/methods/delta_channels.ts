import type { Device } from '../gpu/device.ts';
import { compile } from '../gpu/program/program.ts';
import type { Module } from '../nn/layers.ts';
import type { Model } from '../nn/model.ts';
import { parametersOf } from '../nn/store.ts';
import { crossEntropy } from '../ops/cross_entropy.ts';
import { maskChannels } from '../ops/feature_distance.ts';
import { gradients } from '../ops/gradients.ts';
import { sgd } from '../optim/sgd.ts';
import { createTape, type Tape } from '../tape/tape.ts';
import type { Tensor } from '../tape/tensor.ts';
import type { Batches, Preparation } from './method.ts';

/** Epochs for which the classifier is trained on the frozen encoder, and after how many of them its rate is a tenth. */
const HEAD_EPOCHS = 10;
const DECAY_EPOCHS = 6;
/** Micro-batches on which channels are judged. */
const JUDGED = 4;
const TEMPERATURE = 5;

/** Takes how far the work is. */
export type Tell = (preparation: Preparation) => void;

/**
 * What each channel of the feature maps is worth to a frozen encoder, as DELTA's authors find it: a classifier is trained on it,
 * then the loss is taken with one channel at 0 after another. Changes the model's classifier. Arrays of the maps' channels that
 * sum to 1. Tells how far it is.
 */
export async function learnChannelWeights(
  device: Device,
  model: Model,
  batches: Batches,
  tell: Tell,
): Promise<Float32Array<ArrayBuffer>[]> {
  await trainHead(device, model, batches, tell);
  const judged = batches.of(0).slice(0, JUDGED);
  const maps = model.encoder.feature_maps ?? [];
  const of = maps.reduce((sum, { channels }) => sum + channels * judged.length, 0);
  let done = 0;
  const found: Float32Array<ArrayBuffer>[] = [];
  for (const { name, channels } of maps) {
    const tape = createTape(device.target, { grad: false });
    const mask = tape.input('mask', [channels]);
    tape.hooks.set(name, (output) => maskChannels(tape, output, mask));
    tape.output('loss', lossOf(tape, model, batches.record(tape)));
    const program = await compile(device, tape);
    const lossWithout = async (given: Record<string, ArrayBufferView<ArrayBuffer>>, channel?: number) => {
      const mask = new Float32Array(channels).fill(1);
      if (channel !== undefined) mask[channel] = 0;
      const { loss } = await program.run({ ...given, mask }, ['loss']).read();
      return loss[0] as number;
    };
    const baseline: number[] = [];
    const zeroed: number[][] = [];
    for (const [index, images] of judged.entries()) {
      const given = await batches.inputs(device, images, index);
      baseline.push(await lossWithout(given));
      const without: number[] = [];
      for (let channel = 0; channel < channels; channel++) {
        without.push(await lossWithout(given, channel));
        tell({ what: 'channels weighed', done: ++done, of });
      }
      zeroed.push(without);
    }
    program.destroy();
    found.push(channelWeights(baseline, zeroed).weights);
  }
  return found;
}

/** The loss increases without each channel, a mean over batches, and their softmax once standardised and divided by the temperature. */
export function channelWeights(
  baseline: readonly number[],
  zeroed: readonly (readonly number[])[],
  temperature = TEMPERATURE,
): { increase: number[]; weights: Float32Array<ArrayBuffer> } {
  const count = zeroed[0]?.length ?? 0;
  const increase = Array.from({ length: count }, (_, channel) => {
    const sum = zeroed.reduce(
      (total, losses, batch) => total + (losses[channel] as number) - (baseline[batch] as number),
      0,
    );
    return sum / baseline.length;
  });
  const mean = increase.reduce((sum, value) => sum + value, 0) / count;
  const deviation = Math.sqrt(increase.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count);
  // Channels that are all alike weigh the same.
  const scores = increase.map((value) => (deviation > 0 ? (value - mean) / deviation : 0) / temperature);
  const exponentials = scores.map((score) => Math.exp(score - Math.max(...scores)));
  const sum = exponentials.reduce((total, value) => total + value, 0);
  return { increase, weights: Float32Array.from(exponentials, (value) => value / sum) };
}

/** SGD with the authors' settings on the classifier alone. */
async function trainHead(device: Device, model: Model, batches: Batches, tell: Tell): Promise<void> {
  const head = parametersOf(model.store, 'classifier');
  for (const parameter of head) parameter.requiresGrad = true;
  const tape = createTape(device.target);
  const loss = lossOf(tape, model, batches.record(tape));
  const update = sgd(model.store.arena, { momentum: 0.9, weight_decay: 1e-4 }).record(tape, gradients(tape, loss));
  for (const parameter of head) parameter.requiresGrad = false;
  const program = await compile(device, tape);
  for (let epoch = 0; epoch < HEAD_EPOCHS; epoch++) {
    const own = batches.of(epoch);
    const lr = 0.01 * 0.1 ** (epoch / DECAY_EPOCHS);
    for (const [index, images] of own.entries())
      program.run({ ...(await batches.inputs(device, images, epoch * own.length + index)), ...update.inputs(lr) });
    await device.idle();
    tell({ what: 'epochs for the classifier that weighs channels', done: epoch + 1, of: HEAD_EPOCHS });
  }
  program.destroy();
}

const lossOf = (tape: Tape, { encoder, classifier }: Model, { images, labels }: { images: Tensor; labels: Tensor }) =>
  crossEntropy(tape, (classifier as Module)(tape, encoder.forward(tape, images, false), false), labels);
