// What masked autoencoders have of their own: He et al., "Masked Autoencoders Are Scalable Vision Learners", arXiv 2111.06377.

import * as kernels from '../gpu/kernel/generated/kernels.ts';
import { grid, tile } from '../gpu/kernel/target.ts';
import { COUNT, checkNumber } from '../tape/check.ts';
import { shapeError, type Tape } from '../tape/tape.ts';
import { elements, showShape, type Tensor } from '../tape/tensor.ts';
import { argsort } from './argsort.ts';
import type { Permutation } from './gather.ts';
import { rowGrid } from './rows.ts';

/** Which tokens an encoder sees. */
export interface Masking extends Permutation {
  /** Tokens that are kept, those of `extra` among them: the first so many of the order. */
  readonly kept: number;
  /** 1 for a hidden token, 0 for a kept one, f32 [batch, n], without those of `extra`. */
  readonly mask: Tensor;
}

/**
 * Keeps of each image the ⌊n (1 - mask_ratio)⌋ tokens with the least noise, and the `extra` ones before them: noise f32 [batch, n]
 * becomes a permutation of extra + n tokens. Throws when none would be kept, or the ratio is not from 0 to below 1.
 */
export function randomMasking(
  tape: Tape,
  noise: Tensor,
  { mask_ratio, extra = 0 }: { mask_ratio: number; extra?: number },
): Masking {
  checkNumber('random_masking', 'mask_ratio', mask_ratio, { least: 0, below: 1 });
  const [batch = 0, n = 0] = noise.shape;
  if (noise.shape.length !== 2) throw shapeError('random_masking', 'noise', noise.shape, '[batch, tokens] is needed');
  const kept = Math.floor(n * (1 - mask_ratio));
  if (kept < 1) throw shapeError('random_masking', 'noise', noise.shape, `a mask of ${mask_ratio} leaves no token`);
  const permutation = argsort(tape, noise, { extra });
  const mask = tape.empty([batch, n], 'random_masking.mask');
  const { WORKGROUP } = tile(tape.target, { WORKGROUP: tape.target.kind === 'cpu' ? 8 : 64 });
  tape.dispatch(kernels['mae/mask'], {
    bindings: { rank: permutation.rank, mask },
    uniforms: { rows: batch, columns: n, extra, kept },
    constants: { WORKGROUP },
    workgroups: grid(tape.target, Math.ceil((batch * n) / WORKGROUP)),
    label: 'random_masking.mask',
  });
  return { ...permutation, kept: extra + kept, mask };
}

/**
 * Images [batch, height, width, channels] as rows of pixels [batch, patches, patch² · channels]; with `normalize` each less its
 * mean and over its unbiased deviation. Without a gradient: they are what is to be predicted. Throws when sizes do not fit.
 */
export function patchTargets(
  tape: Tape,
  images: Tensor,
  { patch, normalize }: { patch: number; normalize: boolean },
): Tensor {
  checkNumber('patch_targets', 'patch', patch, COUNT);
  const [batch = 0, height = 0, width = 0, channels = 0] = images.shape;
  if (images.shape.length !== 4 || height % patch !== 0 || width % patch !== 0)
    throw shapeError(
      'patch_targets',
      'images',
      images.shape,
      `[batch, height, width, channels] in whole patches of ${patch} px is needed`,
    );
  const columns = patch * patch * channels;
  const patches = (height / patch) * (width / patch);
  const target = tape.empty([batch, patches, columns], 'patch_targets');
  const { constants, workgroups } = rowGrid(tape.target, batch * patches, columns);
  tape.dispatch(kernels['mae/patches'], {
    bindings: { images, target_rows: target },
    uniforms: { rows: batch * patches, columns, side: patch, height, width, channels },
    constants: { ...constants, NORMALIZE: normalize ? 1 : 0 },
    workgroups,
    label: 'patch_targets',
    flops: (normalize ? 6 : 0) * elements(images.shape),
  });
  return target;
}

/**
 * MAE's loss, of shape [1]: the mean over hidden patches of the mean square error of pred [batch, extra + patches, columns] against
 * the target [batch, patches, columns]; tokens before the patches' do not count. Only pred gets a gradient. Throws when shapes
 * do not fit.
 */
export function maskedError(tape: Tape, pred: Tensor, target: Tensor, mask: Tensor): Tensor {
  const [batch = 0, tokens = 0, columns = 0] = target.shape;
  const extra = (pred.shape[1] ?? 0) - tokens;
  if (extra < 0 || showShape(pred.shape) !== showShape([batch, extra + tokens, columns]))
    throw shapeError('masked_error', 'pred', pred.shape, `the target has ${showShape(target.shape)}`);
  if (showShape(mask.shape) !== showShape([batch, tokens]))
    throw shapeError('masked_error', 'mask', mask.shape, `the target has ${showShape(target.shape)}`);
  const rows = batch * tokens;
  const errors = tape.empty([rows], 'masked_error.rows');
  tape.dispatch(kernels['mae/errors'], {
    bindings: { pred, target_rows: target, errors },
    uniforms: { rows, columns, tokens, extra },
    ...rowGrid(tape.target, rows, columns),
    label: 'masked_error',
    flops: 3 * rows * columns,
  });
  const loss = tape.empty([1], 'masked_error');
  const inverse_count = tape.empty([1], 'masked_error.inverse_count');
  tape.dispatch(kernels['mae/mean'], {
    bindings: { errors, mask, loss, inverse_count },
    uniforms: { rows },
    constants: { WORKGROUP: tape.target.kind === 'cpu' ? 16 : 256 },
    workgroups: [1, 1, 1],
    label: 'masked_error.mean',
  });
  return tape.record('masked_error', { pred, target, mask }, loss, (dy) => ({
    pred: (into) => {
      const dpred = into ?? tape.empty(pred.shape, 'masked_error.grad');
      const all = batch * (extra + tokens);
      tape.dispatch(kernels['mae/errors_backward'], {
        bindings: { dy, inverse_count, mask, pred, target_rows: target, dpred },
        uniforms: { rows: all, columns, tokens, extra },
        ...rowGrid(tape.target, all, columns),
        label: 'masked_error.backward',
        flops: 2 * all * columns,
      });
      return dpred;
    },
  }));
}
