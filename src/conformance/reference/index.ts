// Reference implementations of every operation: float64, plain loops, PyTorch's layouts and meaning, independent of the
// engine.

import { input, type Reference } from './array64.ts';
import { conv_batch_norm } from './conv_batch_norm.ts';
import { add, gelu, l2_normalize, mean, relu, scale, softmax, sum, weighted_sum } from './elementwise.ts';
import { class_contrast, feature_distance, focal_sup_con, mix_rows, small_singular_values } from './fine_tuning.ts';
import { permute_rows, restore_rows, slice_rows } from './gather.ts';
import { attention, conv2d, linear, matmul } from './linear_algebra.ts';
import { cross_entropy, info_nce, mae_loss, sup_con, triplet } from './losses.ts';
import { batch_norm, batch_norm_split, layer_norm } from './normalization.ts';
import { global_avg_pool2d, max_pool2d } from './pooling.ts';
import { residual } from './residual.ts';
import { drop_path, embed_tokens, patch_embed, pool_tokens, self_attention } from './transformer.ts';

export { type Array64, type Attributes, array64, type Inputs, type Outputs, type Reference, zeros } from './array64.ts';

/** By operation; inputs, attributes and outputs are named as in golden cases. */
export const references: Record<string, Reference> = {
  add,
  attention,
  batch_norm,
  batch_norm_split,
  class_contrast,
  conv_batch_norm,
  conv2d: activated(conv2d),
  cross_entropy,
  drop_path,
  embed_tokens,
  feature_distance,
  focal_sup_con,
  gelu,
  global_avg_pool2d,
  info_nce,
  l2_normalize,
  layer_norm,
  linear: activated(linear),
  mae_loss,
  matmul,
  max_pool2d,
  mean,
  patch_embed,
  pool_tokens,
  mix_rows,
  permute_rows,
  relu,
  residual,
  restore_rows,
  scale,
  self_attention,
  slice_rows,
  small_singular_values,
  softmax,
  sum,
  sup_con,
  triplet,
  weighted_sum,
};

/** The operation with a ReLU behind it where the attribute `relu` says so. */
function activated(operation: Reference): Reference {
  return (inputs, attrs) => {
    const outputs = operation(inputs, attrs);
    return attrs.relu === true ? relu({ x: input(outputs, 'y') }, {}) : outputs;
  };
}
