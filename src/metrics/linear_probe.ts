// How well a linear classifier does on features that stay as they are: multinomial logistic regression, minimised by L-BFGS (Liu and
// Nocedal, "On the limited memory BFGS method for large scale optimization", 1989). The loss has one minimum, so that the
// result depends on no learning rate, order or seed.

import type { Device } from '../gpu/device.ts';
import { compile } from '../gpu/program/program.ts';
import { crossEntropy } from '../ops/cross_entropy.ts';
import { gradients } from '../ops/gradients.ts';
import { linear } from '../ops/linear.ts';
import { weightedSum } from '../ops/reduce.ts';
import { createTape, type Tape } from '../tape/tape.ts';
import { type Tensor, variable } from '../tape/tensor.ts';
import type { LabelledFeatures } from './knn.ts';
import { deviationOf, meanOf } from './points.ts';
import { argmax } from './top_k.ts';

/** A linear classifier of features that are standardised by the training features' mean and deviation. */
export interface LinearProbe {
  /** [d, classes], row-major, and [classes]. */
  readonly weight: Float32Array;
  readonly bias: Float32Array;
  /** What it takes each tested point for. */
  readonly predictions: Int32Array;
  /** The share of these that is right, 0 to 1. */
  readonly accuracy: number;
  /** Steps until the gradient was nearly zero. */
  readonly iterations: number;
}

/** What `linearProbe` is told besides the features. */
export interface LinearProbeOptions {
  readonly classes: number;
  /** The weight of the penalty ½‖weight‖² beside the sum of the cross-entropies; 1 unless given, as scikit-learn has it (1 / C). */
  readonly l2?: number;
  /** At most so many steps; 300 unless given. */
  readonly iterations?: number;
}

/** Bytes of features that a product takes at a time. */
const PART = 2 ** 26;

/** Pairs of steps and changes of the gradient that tell the curvature. */
const MEMORY = 10;

/** The largest element of the gradient of the mean loss that counts as zero: about what single precision leaves. */
const ZERO = 3e-6;

/**
 * Fits a linear classifier to the features of training points, [n, d], and gives what it takes the tested ones for. A dimension
 * that is constant does not count. Throws when rows are not of one length, or a label is no class.
 */
export async function linearProbe(
  device: Device,
  train: LabelledFeatures,
  test: LabelledFeatures,
  { classes, l2 = 1, iterations: most = 300 }: LinearProbeOptions,
): Promise<LinearProbe> {
  const n = train.labels.length;
  const d = train.features.length / n;
  if (!(d >= 1 && Number.isInteger(d) && test.features.length === test.labels.length * d))
    throw new Error(
      `linearProbe: ${train.features.length} and ${test.features.length} feature values are not rows of one length for ${n} and ${test.labels.length} labels.`,
    );
  const stranger = train.labels.find((label) => !(label >= 0 && label < classes));
  if (stranger !== undefined)
    throw new Error(`linearProbe: a training label is ${stranger}, but classes are 0 to ${classes - 1}.`);
  const standardised = standardiser(train.features, d);
  const size = d * classes;
  const [tape, answering] = [createTape(device.target), createTape(device.target, { grad: false })];
  const model = parametersOn(tape, d, classes);
  const terms = partsOf(standardised(train.features), train.labels, d).map(({ x, labels, share }) => {
    return [crossEntropy(tape, linear(tape, x, model.weight, model.bias), labels), share] as const;
  });
  const loss = weightedSum(tape, terms);
  const found = gradients(tape, loss);
  tape.output('loss', loss);
  tape.output('weight', found.get(model.weight) as Tensor);
  tape.output('bias', found.get(model.bias) as Tensor);
  const answers = parametersOn(answering, d, classes);
  const tested = partsOf(standardised(test.features), test.labels, d);
  for (const [i, { x }] of tested.entries())
    answering.output(`logits ${i}`, linear(answering, x, answers.weight, answers.bias));
  const [program, answer] = [await compile(device, tape), await compile(device, answering)];
  const inputsOf = (at: Float64Array) => ({
    weight: Float32Array.from(at.subarray(0, size)),
    bias: Float32Array.from(at.subarray(size)),
  });
  const objective: Objective = async (at) => {
    const read = await program.run(inputsOf(at), ['loss', 'weight', 'bias']).read();
    const gradient = Float64Array.from([...(read.weight as Float32Array), ...(read.bias as Float32Array)]);
    let value = (read.loss as Float32Array)[0] as number;
    // The bias is not penalised.
    for (let i = 0; i < size; i++) {
      const own = at[i] as number;
      value += ((l2 / n) * own * own) / 2;
      gradient[i] = (gradient[i] as number) + (l2 / n) * own;
    }
    return { value, gradient };
  };
  try {
    const { at, iterations } = await minimise(objective, new Float64Array(size + classes), most);
    const read = await answer.run(inputsOf(at), [...answering.outputs.keys()]).read();
    const predictions = Int32Array.from(
      tested.flatMap((_, i) => [...argmax(read[`logits ${i}`] as Float32Array, classes)]),
    );
    const right = predictions.reduce((sum, prediction, i) => sum + Number(prediction === test.labels[i]), 0);
    return { ...inputsOf(at), predictions, accuracy: right / test.labels.length, iterations };
  } finally {
    program.destroy();
    answer.destroy();
  }
}

const parametersOn = (tape: Tape, d: number, classes: number) => ({
  weight: tape.input('weight', [d, classes], 'f32', { requiresGrad: true }),
  bias: tape.input('bias', [classes], 'f32', { requiresGrad: true }),
});

/** Shifts and scales features as it takes to give those it is made from a mean of 0 and a deviation of 1 in each dimension. */
function standardiser(features: Float32Array, d: number): (features: Float32Array) => Float32Array {
  const rows = Array.from({ length: features.length / d }, (_, row) => row);
  const mean = meanOf(features, d, rows);
  const factors = deviationOf(features, d, rows, mean).map((deviation) => (deviation > 0 ? 1 / deviation : 0));
  return (given) => given.map((value, i) => (value - (mean[i % d] as number)) * (factors[i % d] as number));
}

/** Features as tensors of at most so many bytes, each with its labels and its share of the rows. */
function partsOf(features: Float32Array, labels: Int32Array, d: number) {
  const rows = Math.max(1, Math.floor(PART / (4 * d)));
  return Array.from({ length: Math.ceil(labels.length / rows) }, (_, part) => {
    const own = labels.slice(part * rows, (part + 1) * rows);
    const values = features.slice(part * rows * d, (part * rows + own.length) * d);
    return {
      x: variable(`probe features ${part}`, [own.length, d], 'f32', values),
      labels: variable(`probe labels ${part}`, [own.length], 'i32', own),
      share: own.length / labels.length,
    };
  });
}

type Objective = (at: Float64Array) => Promise<{ value: number; gradient: Float64Array }>;

/** What a value in single precision may be off by, as a share of it. */
const NOISE = 1e-6;

/** L-BFGS with steps that are halved until the value falls enough (Armijo's rule). */
async function minimise(
  objective: Objective,
  start: Float64Array,
  most: number,
): Promise<{ at: Float64Array; iterations: number }> {
  let at = start;
  let { value, gradient } = await objective(at);
  const pairs: { step: Float64Array; change: Float64Array; curvature: number }[] = [];
  for (let iterations = 0; ; iterations++) {
    if (iterations === most || gradient.every((slope) => Math.abs(slope) < ZERO)) return { at, iterations };
    const direction = descent(gradient, pairs);
    const slope = dot(gradient, direction);
    let length = pairs.length > 0 ? 1 : Math.min(1, 1 / Math.sqrt(-slope));
    let next: Awaited<ReturnType<Objective>> & { at: Float64Array };
    for (;;) {
      const there = at.map((own, i) => own + length * (direction[i] as number));
      next = { at: there, ...(await objective(there)) };
      if (next.value <= value + 1e-4 * length * slope + NOISE * Math.abs(value)) break;
      length /= 2;
      // Single precision tells no lower value from here.
      if (length < 1e-6) return { at, iterations };
    }
    const step = next.at.map((own, i) => own - (at[i] as number));
    const change = next.gradient.map((own, i) => own - (gradient[i] as number));
    const curvature = dot(step, change);
    if (curvature > 1e-12) pairs.push({ step, change, curvature });
    if (pairs.length > MEMORY) pairs.shift();
    ({ at, value, gradient } = next);
  }
}

/** The direction in which the remembered curvature says that the minimum lies: the two loops of L-BFGS. */
function descent(
  gradient: Float64Array,
  pairs: readonly { step: Float64Array; change: Float64Array; curvature: number }[],
): Float64Array {
  const direction = gradient.map((slope) => -slope);
  const shares = pairs.map(() => 0);
  for (let i = pairs.length - 1; i >= 0; i--) {
    const { step, change, curvature } = pairs[i] as (typeof pairs)[number];
    shares[i] = dot(step, direction) / curvature;
    addTo(direction, change, -(shares[i] as number));
  }
  const last = pairs.at(-1);
  if (last) {
    const scale = last.curvature / dot(last.change, last.change);
    for (let i = 0; i < direction.length; i++) direction[i] = (direction[i] as number) * scale;
  }
  for (const [i, { step, change, curvature }] of pairs.entries())
    addTo(direction, step, (shares[i] as number) - dot(change, direction) / curvature);
  return direction;
}

const dot = (a: Float64Array, b: Float64Array): number =>
  a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);

function addTo(target: Float64Array, values: Float64Array, factor: number): void {
  for (let i = 0; i < target.length; i++) target[i] = (target[i] as number) + factor * (values[i] as number);
}
