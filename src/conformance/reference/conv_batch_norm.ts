import { input, type Reference } from './array64.ts';
import { conv2d } from './linear_algebra.ts';
import { batch_norm } from './normalization.ts';

/** batch_norm(conv2d(x, weight)) in training with the affine parameters `scale` and `shift`, plus `residual`, then ReLU. */
export const conv_batch_norm: Reference = (inputs, attrs) => {
  const { residual } = inputs;
  const y = input(conv2d({ x: input(inputs, 'x'), weight: input(inputs, 'weight') }, attrs), 'y');
  const affine = { weight: input(inputs, 'scale'), bias: input(inputs, 'shift') };
  const running = { running_mean: input(inputs, 'running_mean'), running_var: input(inputs, 'running_var') };
  return batch_norm({ x: y, ...affine, ...running, ...(residual && { residual }) }, { ...attrs, training: true });
};
