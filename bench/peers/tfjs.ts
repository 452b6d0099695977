import * as tf from '@tensorflow/tfjs-core';
import { devDependencies } from '../../package.json';
import { type BenchCase, type ConvProblem, inputValues } from '../../src/bench/cases.ts';
import type { Peer } from './peer.ts';
import { idle, start } from './tfjs_backend.ts';
import { trainTfjs } from './tfjs_training.ts';

/** tfjs on its WebGPU backend, with images in its own layout, NHWC; the gradients are its gradient kernels alone. */
export const tfjs: Peer = {
  name: `tfjs ${devDependencies['@tensorflow/tfjs-core']}`,
  start,
  async prepare(bench) {
    const inputs = tensors(bench);
    const launch = () => tf.tidy(() => compute(bench, inputs));
    return {
      async run(times) {
        for (let i = 0; i < times; i++) launch().dispose();
        await idle();
      },
      async read() {
        const result = launch();
        const values = (await result.data()) as Float32Array;
        result.dispose();
        return values;
      },
      dispose: () => tf.dispose(inputs),
    };
  },
  train: trainTfjs,
};

type Tensors = Readonly<Record<string, tf.Tensor>>;

const tensors = (bench: BenchCase): Tensors =>
  Object.fromEntries(
    Object.entries(inputValues(bench)).map(([name, values]) => [
      name,
      tf.tensor(values as Float32Array, bench.inputs[name] as number[]),
    ]),
  );

function compute({ name, problem, inputs: shapes }: BenchCase, inputs: Tensors): tf.Tensor {
  if (!problem) throw new Error(`tfjs cannot run the benchmark ${name}: it is not described as a problem.`);
  if (problem.op === 'matmul') return tf.matMul(inputs.a!, inputs.b!, problem.transposeA, problem.transposeB);
  return convolution(problem, inputs, shapes);
}

function convolution({ pass, stride, padding }: ConvProblem, inputs: Tensors, shapes: BenchCase['inputs']): tf.Tensor {
  const { x, weight, dy } = inputs as Record<string, tf.Tensor4D>;
  const attributes = { strides: stride, pad: padding, dataFormat: 'NHWC', dimRoundingMode: 'floor' } as const;
  switch (pass) {
    case 'forward':
      return tf.conv2d(x!, weight!, stride, padding, 'NHWC', [1, 1], 'floor');
    case 'dgrad':
      return tf.engine().runKernel(tf.Conv2DBackpropInput, { dy: dy!, filter: weight! }, {
        ...attributes,
        inputShape: shapes.x,
      } as unknown as tf.NamedAttrMap);
    case 'wgrad':
      return tf.engine().runKernel(tf.Conv2DBackpropFilter, { x: x!, dy: dy! }, {
        ...attributes,
        filterShape: shapes.weight,
      } as unknown as tf.NamedAttrMap);
  }
}
