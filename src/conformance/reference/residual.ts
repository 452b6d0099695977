import { input, type Reference } from './array64.ts';
import { add, gelu } from './elementwise.ts';
import { conv2d } from './linear_algebra.ts';

/** A block that uses its input twice: conv2d(x, weight) plus conv2d(x, shortcut) without padding, or plus gelu(x). */
export const residual: Reference = (inputs, attrs) => {
  const x = input(inputs, 'x');
  const { stride } = attrs;
  const main = conv2d({ x, weight: input(inputs, 'weight') }, attrs);
  const side = inputs.shortcut ? conv2d({ x, weight: inputs.shortcut }, { stride }) : gelu({ x }, {});
  return add({ a: input(main, 'y'), b: input(side, 'y') }, {});
};
