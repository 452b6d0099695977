// Epochs of one step each in float64: SGD with Nesterov's momentum, half a cosine of the learning rate, and DELTA's search for what
// channels weigh.
import { random4, randomNormal, uniform01 } from '../../../src/data/random.ts';
import { crossEntropy } from './losses.ts';
import { isWeight, type Method64, type Step64 } from './methods.ts';
import { COMPARED, encode, type Leaves, leavesOf, linear, type Values } from './network.ts';
import { createScalars, type Scalars } from './scalars.ts';

/** What a step is given: views [n][height * width], one behind the other, and the labels of the images. */
export interface Given {
  readonly images: readonly Float64Array[];
  readonly labels: readonly number[];
}

export interface Settings {
  readonly lr: number;
  readonly momentum: number;
  readonly weight_decay: number;
  readonly seed: number;
  readonly round: Scalars['round'];
}

/** After a step: losses by name, and all values. */
export interface Reached {
  readonly losses: Record<string, number>;
  readonly values: Values;
}

const copy = (values: Values): Values => new Map([...values].map(([name, data]) => [name, data.slice()]));

/** `engine` has the values that the engine began each epoch with, of which random ones are taken. */
export function trained(
  method: Method64,
  { lr: peak, momentum, weight_decay, seed, round }: Settings,
  given: readonly Given[],
  engine: readonly Values[],
): Reached[] {
  const values = copy(engine[0] as Values);
  const buffers: Values = new Map();
  return given.map((batch, epoch) => {
    method.before?.(epoch, values, engine[epoch] as Values);
    const lr = 0.5 * peak * (1 + Math.cos((Math.PI * epoch) / given.length));
    const { losses, total, t, leaves } = lossesOf(method, { ...batch, epoch, values, seed, round });
    const derivatives = t.derivatives(total);
    const parts = method.trains(epoch);
    for (const [name, own] of values) {
      if (!parts.some((part) => isWeight(name, part))) continue;
      const buffer = buffers.get(name) ?? new Float64Array(own.length);
      buffers.set(name, buffer);
      const rate = method.rate?.(name, lr, peak) ?? lr;
      own.forEach((value, i) => {
        const gradient = derivatives[leaves.get(name)![i]!]! + (method.undecayed ? 0 : weight_decay * value);
        buffer[i] = round(momentum * buffer[i]! + gradient);
        own[i] = round(value - rate * round(gradient + momentum * buffer[i]!));
      });
    }
    method.afterUpdate?.(values, round);
    return { losses, values: copy(values) };
  });
}

type Batch = Given & { epoch: number; values: Values; seed: number; round: Scalars['round'] };

/** A step's losses; running statistics and queues in `values` change. */
function lossesOf(
  method: Method64,
  { images, labels, epoch, values, seed, round }: Batch,
  options?: { differentiable: boolean },
) {
  const t = createScalars(round, options);
  const leaves = leavesOf(t, values);
  const draws: Step64['draws'] = (count, stream) => {
    const word = [...stream].reduce((bits, letter) => bits * 256 + letter.charCodeAt(0), 0);
    return Array.from({ length: count }, (_, i) => uniform01(random4(seed, epoch, i >> 2, word)[i & 3]!));
  };
  const terms = Object.entries(method.terms({ t, epoch, images, labels, leaves, values, draws }));
  const total = t.combine(
    terms.map(([, [loss]]) => loss),
    terms.map(([, [, weight]]) => weight),
  );
  const losses = Object.fromEntries([
    ...terms.map(([name, [loss]]) => [name, t.value(loss)]),
    ['total', t.value(total)],
  ]);
  return { losses, total, t, leaves };
}

/**
 * How fast the loss changes in a direction that all trained values of these parts go, by its derivatives and by the difference of
 * two losses. `values` are those of an engine or of `trained`.
 */
export function slopes(
  method: Method64,
  given: Given,
  { values, parts, epoch, seed }: { values: Values; parts: readonly string[]; epoch: number; seed: number },
) {
  const trainedParts = [...values].filter(([name]) => parts.some((part) => isWeight(name, part)));
  const direction = new Map(trainedParts.map(([name, { length }]) => [name, randomNormal(length, 1, seed, length)]));
  const at = (step: number) => {
    const moved = copy(values);
    for (const [name, way] of direction)
      way.forEach((value, i) => {
        (moved.get(name) as Float64Array)[i]! += step * value;
      });
    return { ...given, epoch, values: moved, seed, round: (value: number) => value };
  };
  const { t, leaves, total } = lossesOf(method, at(0));
  const derivatives = t.derivatives(total);
  let derived = 0;
  for (const [name, way] of direction)
    way.forEach((value, i) => {
      derived += value * derivatives[leaves.get(name)![i]!]!;
    });
  const STEP = 1e-6;
  const [more, less] = [STEP, -STEP].map((step) => lossesOf(method, at(step), { differentiable: false }).losses);
  return { derived, measured: (more!.total! - less!.total!) / (2 * STEP) };
}

/** Epochs of DELTA's classifier on the frozen encoder, of one batch each; after six its rate is a tenth. */
const HEAD_EPOCHS = 10;

/**
 * DELTA's weights of channels: a classifier is trained on the encoder as it is, `passes` are its batches; then each channel counts by
 * what the loss gains without it, standardised, through a softmax at temperature 5.
 */
export function channelWeights(model: Values, passes: readonly Given[], round: Scalars['round']): Values {
  const values = copy(model);
  const buffer = new Float64Array(values.get('classifier.weight')!.length);
  const loss = ({ images, labels }: Given, without?: { name: string; channel: number }, differentiable = false) => {
    const t = createScalars(round, { differentiable });
    const leaves: Leaves = leavesOf(t, values);
    const { features } = encode(t, leaves, values, images, { training: false, ...(without && { without }) });
    return { t, leaves, of: crossEntropy(t, linear(t, leaves, 'classifier', features), labels) };
  };
  passes.slice(0, HEAD_EPOCHS).forEach((batch, epoch) => {
    const { t, leaves, of } = loss(batch, undefined, true);
    const derivatives = t.derivatives(of);
    const weight = values.get('classifier.weight') as Float64Array;
    weight.forEach((value, i) => {
      buffer[i] = round(0.9 * buffer[i]! + derivatives[leaves.get('classifier.weight')![i]!]! + 1e-4 * value);
      weight[i] = round(value - 0.01 * 0.1 ** (epoch / 6) * buffer[i]!);
    });
  });
  const judged = passes[0] as Given;
  const value = (without?: { name: string; channel: number }) => {
    const { t, of } = loss(judged, without);
    return t.value(of);
  };
  const whole = value();
  return new Map([
    // The classifier stays as it was trained.
    ['reference.classifier.weight', values.get('classifier.weight') as Float64Array],
    ...COMPARED.map((name): [string, Float64Array] => {
      const count = values.get(`${name.replace('conv2', 'bn2')}.weight`)!.length;
      const gains = Array.from({ length: count }, (_, channel) => value({ name, channel }) - whole);
      const mean = gains.reduce((sum, gain) => sum + gain, 0) / count;
      const deviation = Math.sqrt(gains.reduce((sum, gain) => sum + (gain - mean) ** 2, 0) / count);
      const powers = gains.map((gain) => Math.exp((gain - mean) / deviation / 5));
      const sum = powers.reduce((all, power) => all + power, 0);
      return [`channels.${name}`, Float64Array.from(powers, (power) => power / sum)];
    }),
  ]);
}
