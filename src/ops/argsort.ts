import * as kernels from '../gpu/kernel/generated/kernels.ts';
import { grid, tile } from '../gpu/kernel/target.ts';
import { checkNumber, WHOLE } from '../tape/check.ts';
import { shapeError, type Tape } from '../tape/tape.ts';
import { elements, type Tensor } from '../tape/tensor.ts';
import type { Permutation } from './gather.ts';
import { rowsOf } from './rows.ts';

/**
 * The ascending, stable order of keys along the last dimension, [n] or [batches, n], without NaN: of random keys, a random
 * permutation. With `extra`, so many rows stand before those of the keys and stay there (a class token), and the permutation is
 * of extra + n rows. Meant for some hundred keys, since work grows with n². Throws when the shape does not fit.
 */
export function argsort(tape: Tape, keys: Tensor, { extra = 0 }: { extra?: number } = {}): Permutation {
  if (keys.shape.length < 1 || keys.shape.length > 2)
    throw shapeError('argsort', 'keys', keys.shape, '[n] or [batches, n] is needed');
  checkNumber('argsort', 'extra', extra, WHOLE);
  const { rows, columns } = rowsOf(keys);
  const shape = [...keys.shape.slice(0, -1), extra + columns];
  const order = tape.empty(shape, 'argsort.order', 'i32');
  const rank = tape.empty(shape, 'argsort.rank', 'i32');
  const { WORKGROUP } = tile(tape.target, { WORKGROUP: tape.target.kind === 'cpu' ? 8 : 64 });
  tape.dispatch(kernels['sort/argsort'], {
    bindings: { keys, order, rank },
    uniforms: { rows, columns, extra },
    constants: { WORKGROUP },
    workgroups: grid(tape.target, Math.ceil(elements(shape) / WORKGROUP)),
    label: 'argsort',
  });
  return { order, rank };
}
