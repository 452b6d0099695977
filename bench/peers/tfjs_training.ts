import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import * as tf from '@tensorflow/tfjs-core';
import { BATCH_NORM, batchesOf, CLASSES, forward, type Network, type Ops, SGD, weightsOf } from './networks.ts';
import type { Training } from './peer.ts';
import { idle } from './tfjs_backend.ts';

/**
 * The step as one would write it with tfjs: its own fused and optimizer ops, and batch norm out of `moments` and
 * `batchNorm` as in its layers.
 */
export async function trainTfjs(network: Network): Promise<Training> {
  const variables = new Map<string, tf.Variable>();
  for (const { name, shape, data, trained } of weightsOf(network))
    variables.set(
      name,
      tf.tidy(() => tf.variable(tf.tensor(data, [...shape]), trained)),
    );
  const trained = [...variables.values()].filter(({ trainable }) => trainable);
  const optimizer = tf.train.momentum(SGD.lr, SGD.momentum);
  const batch = batchesOf(network);
  const losses: number[] = [];
  let step = 0;

  const takeStep = (): tf.Scalar => {
    const { images, labels } = batch(step++);
    return tf.tidy(() => {
      const x = tf.tensor(images, [...network.images]);
      const target = tf.oneHot(tf.tensor1d(labels, 'int32'), CLASSES);
      const statistics: Statistics[] = [];
      const ops = opsOf(variables, statistics);
      const loss = optimizer.minimize(
        () => tf.losses.softmaxCrossEntropy(target, forward<tf.Tensor>(network.layers, x, ops)),
        true,
        trained,
      );
      moveStatistics(variables, statistics);
      return loss as tf.Scalar;
    });
  };
  return {
    losses,
    async run(times) {
      const pending = Array.from({ length: times }, takeStep);
      await idle();
      for (const loss of pending) losses.push((await loss.data())[0] as number);
      tf.dispose(pending);
    },
    dispose() {
      optimizer.dispose();
      tf.dispose([...variables.values()]);
    },
  };
}

/** Of one batch norm in one step. */
interface Statistics {
  readonly name: string;
  readonly mean: tf.Tensor;
  readonly variance: tf.Tensor;
  /** Values a channel. */
  readonly count: number;
}

type Variables = ReadonlyMap<string, tf.Variable>;

function opsOf(variables: Variables, statistics: Statistics[]): Ops<tf.Tensor> {
  const variable = (name: string) => variables.get(name) as tf.Variable;
  return {
    conv(x, { name, kernel, stride, norm, relu }, residual) {
      const padding = (kernel - 1) / 2;
      const filter = variable(`${name}.weight`) as unknown as tf.Tensor4D;
      if (!norm)
        return tf.fused.conv2d({
          x: x as tf.Tensor4D,
          filter,
          strides: stride,
          pad: padding,
          dimRoundingMode: 'floor',
          bias: variable(`${name}.bias`),
          activation: relu ? 'relu' : 'linear',
        });
      const y = tf.conv2d(x as tf.Tensor4D, filter, stride, padding, 'NHWC', [1, 1], 'floor');
      const { mean, variance } = tf.moments(y, [0, 1, 2]);
      statistics.push({ name, mean: tf.keep(mean), variance: tf.keep(variance), count: y.size / mean.size });
      const normalized = tf.batchNorm(
        y,
        mean as tf.Tensor1D,
        variance as tf.Tensor1D,
        variable(`${name}.offset`) as unknown as tf.Tensor1D,
        variable(`${name}.scale`) as unknown as tf.Tensor1D,
        BATCH_NORM.eps,
      );
      const sum = residual ? tf.add(normalized, residual) : normalized;
      return relu ? tf.relu(sum) : sum;
    },
    maxPool: (x) => tf.maxPool(x as tf.Tensor4D, 2, 2, 'valid'),
    globalAvgPool: (x) => tf.mean(x, [1, 2]),
    linear: (x, { name }) =>
      tf.fused.matMul({
        a: x,
        b: variable(`${name}.weight`) as unknown as tf.Tensor,
        bias: variable(`${name}.bias`),
      }),
    again: (x) => x,
  };
}

/** Moves the running statistics towards the batch's, the variance towards the unbiased one. */
function moveStatistics(variables: Variables, statistics: readonly Statistics[]): void {
  const { momentum } = BATCH_NORM;
  const move = (name: string, batch: tf.Tensor, factor: number) => {
    const running = variables.get(name) as tf.Variable;
    running.assign(tf.add(tf.mul(running, 1 - momentum), tf.mul(batch, momentum * factor)));
  };
  for (const { name, mean, variance, count } of statistics) {
    move(`${name}.running_mean`, mean, 1);
    move(`${name}.running_var`, variance, count / (count - 1));
    tf.dispose([mean, variance]);
  }
}
