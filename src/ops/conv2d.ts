import type { Tape } from '../tape/tape.ts';
import type { Tensor } from '../tape/tensor.ts';
import { dgrad } from './conv2d/dgrad.ts';
import { forward } from './conv2d/forward.ts';
import { type Conv2dOptions, describe } from './conv2d/problem.ts';
import { wgrad } from './conv2d/wgrad.ts';
import { reluBackward } from './elementwise.ts';
import { sumRows } from './reduce.ts';

export type { Conv2dOptions } from './conv2d/problem.ts';

/**
 * The cross-correlation of x [N, H, W, C] with weight [kernel height, kernel width, C / groups, K], plus bias [K], through
 * a ReLU where asked.
 * Throws when a shape or an option does not fit, or when the filter is larger than the padded image.
 */
export function conv2d(tape: Tape, x: Tensor, weight: Tensor, bias?: Tensor, options: Conv2dOptions = {}): Tensor {
  const conv = describe(x, weight, bias, options);
  const { relu = false, moments = false, tokens = false } = options;
  const pixels = tokens ? [conv.out_height * conv.out_width] : [conv.out_height, conv.out_width];
  const y = tape.empty([conv.batch, ...pixels, conv.out_channels], 'conv2d');
  const left = forward(tape, conv, x, weight, y, { bias, relu, moments });
  if (left) y.moments = left;
  const inputs: Record<string, Tensor> = { x, weight, ...(bias && { bias }) };
  return tape.record('conv2d', inputs, y, (upstream) => {
    const dy = relu ? reluBackward(tape, upstream, y) : upstream;
    return {
      x: (into, onto) => {
        const dx = onto ?? into ?? tape.empty(x.shape, 'conv2d.grad_x');
        dgrad(tape, conv, dy, weight, dx, onto !== undefined);
        return dx;
      },
      weight: (into) => {
        const dw = into ?? tape.empty(weight.shape, 'conv2d.grad_weight');
        wgrad(tape, conv, x, dy, dw);
        return dw;
      },
      bias: (into) => sumRows(tape, dy, into),
    };
  });
}
