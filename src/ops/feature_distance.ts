import * as kernels from '../gpu/kernel/generated/kernels.ts';
import { shapeError, type Tape } from '../tape/tape.ts';
import { elements, showShape, type Tensor } from '../tape/tensor.ts';
import { mapValues } from './elementwise.ts';
import { reduceRows } from './reduce.ts';
import { rowGrid, rowsOf } from './rows.ts';

/**
 * How far feature maps [n, h, w, c] of a network are from those of a fixed one, of shape [1], summed over the batch: with
 * channel weights a [c] that sum to 1, ½ Σ c a_c / (h w) (student - teacher)²; without, ½ Σ (student - teacher)².
 * Only the student gets a gradient. Throws when shapes do not fit.
 */
export function featureDistance(tape: Tape, student: Tensor, teacher: Tensor, weights?: Tensor): Tensor {
  if (showShape(teacher.shape) !== showShape(student.shape))
    throw shapeError('feature_distance', 'teacher', teacher.shape, `the student has ${showShape(student.shape)}`);
  const { rows, columns } = rowsOf(student);
  if (weights && showShape(weights.shape) !== showShape([columns]))
    throw shapeError('feature_distance', 'weights', weights.shape, `there are ${columns} channels`);
  const places = elements(student.shape.slice(1, -1));
  const factor = weights ? columns / places : 1;
  const grid = rowGrid(tape.target, rows, columns);
  const launch = { ...grid, constants: { ...grid.constants, WEIGHTED: weights ? 1 : 0 } };
  const bindings = { student, teacher, weights: weights ?? teacher };
  const sums = tape.empty([rows], 'feature_distance.rows');
  tape.dispatch(kernels['delta/distance'], {
    ...launch,
    bindings: { ...bindings, sums },
    uniforms: { rows, columns },
    label: 'feature_distance',
    flops: 4 * rows * columns,
  });
  const y = tape.empty([1], 'feature_distance');
  reduceRows(tape, sums, { rows, columns: 1 }, factor / 2, y, 'feature_distance.sum');
  const inputs: Record<string, Tensor> = { student, teacher, ...(weights && { weights }) };
  return tape.record('feature_distance', inputs, y, (dy) => ({
    student: (into) => {
      const dx = into ?? tape.empty(student.shape, 'feature_distance.grad');
      tape.dispatch(kernels['delta/backward'], {
        ...launch,
        bindings: { ...bindings, dy, dx },
        uniforms: { rows, columns, factor },
        label: 'feature_distance.backward',
        flops: 3 * rows * columns,
      });
      return dx;
    },
  }));
}

/** x [..., c] with each channel multiplied by `mask` [c]; without a gradient. */
export function maskChannels(tape: Tape, x: Tensor, mask: Tensor): Tensor {
  const y = tape.empty(x.shape, 'mask_channels');
  const columns = x.shape.at(-1) ?? 1;
  const vec4s = Math.ceil(elements(x.shape) / 4);
  mapValues(tape, kernels['delta/mask'], { x, mask, y }, 'mask_channels', { columns }, vec4s);
  return y;
}
