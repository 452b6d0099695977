import { batchNorm } from '../../ops/batch_norm.ts';
import { conv2d } from '../../ops/conv2d.ts';
import { batchNormSamples } from './batch_norm.ts';
import type { BenchCase } from './case.ts';
import { type Conv, convName, outputOf, outSize } from './conv2d.ts';

/** A convolution, batch norm in training mode and ReLU: statistics from the convolution's kernel or from a pass of their own. */
export function convBatchNormCase(conv: Conv): BenchCase {
  const { batch, size, from, to, kernel, stride, padding } = conv;
  const channels = [to];
  return {
    name: convName(conv).replace('conv', 'conv_batch_norm'),
    inputs: {
      ...{ x: [batch, size, size, from], w: [kernel, kernel, from, to] },
      ...{ weight: channels, bias: channels, running_mean: channels, running_var: channels },
    },
    family: 'batch_norm.statistics',
    build: (tape, { x, w, weight, bias, running_mean, running_var }) => {
      const options = { stride: [stride, stride], padding: [padding, padding], moments: true } as const;
      const y = conv2d(tape, x!, w!, undefined, options);
      const state = { weight: weight!, bias: bias!, running_mean: running_mean!, running_var: running_var! };
      return batchNorm(tape, y, state, { training: true, relu: true });
    },
    reference: ({ x, w, ...affine }) =>
      batchNormSamples([batch * outSize(conv) ** 2, to], outputOf(conv, x!, w!), affine, 'y'),
  };
}
