import * as kernels from '../gpu/kernel/generated/kernels.ts';
import { grid, tile } from '../gpu/kernel/target.ts';
import { COUNT, checkNumber, WHOLE } from '../tape/check.ts';
import { shapeError, type Tape } from '../tape/tape.ts';
import { elements, showShape, type Tensor } from '../tape/tensor.ts';
import { type Candidate, choose } from './candidates.ts';
import { mapValues, scaled } from './elementwise.ts';

export const dropPathCandidates: readonly (Candidate<{ batch: number; size: number }> & {
  readonly width: 1 | 4;
  readonly kernel: (typeof kernels)['drop_path/drop_path'];
})[] = [
  {
    name: 'vec4',
    unfit: ({ size }) => (size % 4 === 0 ? undefined : `${size} elements of an image are no multiple of 4`),
    width: 4,
    kernel: kernels['drop_path/drop_path'],
  },
  { name: 'scalar', width: 1, kernel: kernels['drop_path/drop_path_scalar'] },
];

const BELOW_ONE = { least: 0, below: 1 };

/** Which images keep a branch, and how likely that was. */
export interface Dropped {
  /** 1 for an image that keeps the branch, 0 for others; not differentiated. */
  readonly mask: Tensor;
  /** The element of `mask` that is the first image's; 0 unless given. */
  readonly first?: number;
  /** The probability that an image loses the branch, from 0 to below 1. */
  readonly drop_prob: number;
}

/**
 * Stochastic depth of a branch x [batch, ...]: x · mask / (1 - drop_prob), plus `residual` of x's shape where given, in one
 * dispatch. Throws when a shape or an option does not fit.
 */
export function dropPath(
  tape: Tape,
  x: Tensor,
  { mask, first = 0, drop_prob }: Dropped,
  { residual }: { residual?: Tensor } = {},
): Tensor {
  checkNumber('drop_path', 'drop_prob', drop_prob, BELOW_ONE);
  checkNumber('drop_path', 'first', first, WHOLE);
  const [batch = 1] = x.shape;
  if (first + batch > elements(mask.shape))
    throw shapeError('drop_path', 'mask', mask.shape, `${batch} elements from ${first} on are needed`);
  if (residual && showShape(residual.shape) !== showShape(x.shape))
    throw shapeError('drop_path', 'residual', residual.shape, `x has ${showShape(x.shape)}`);
  const size = elements(x.shape) / batch;
  const { width, kernel } = choose(tape, 'drop_path', dropPathCandidates, { batch, size });
  const launch = (from: Tensor, y: Tensor, added: Tensor | undefined, label: string) =>
    mapValues(
      tape,
      kernel,
      { x: from, mask, residual: added ?? from, y },
      label,
      { size: size / width, first, factor: 1 / (1 - drop_prob) },
      elements(x.shape) / width,
      { RESIDUAL: added ? 1 : 0 },
    );
  const y = tape.empty(x.shape, 'drop_path');
  launch(x, y, residual, 'drop_path');
  const inputs: Record<string, Tensor> = { x, mask, ...(residual && { residual }) };
  return tape.record('drop_path', inputs, y, (dy) => ({
    x: (into) => {
      const dx = into ?? tape.empty(x.shape, 'drop_path.grad');
      launch(dy, dx, undefined, 'drop_path.backward');
      return dx;
    },
    residual: (into) => (into ? scaled(tape, dy, 1, into) : dy),
  }));
}

/** What `drawDropPath` is told. */
export interface Depth {
  readonly depth: number;
  readonly batch: number;
  /** The last block's probability, from 0 to below 1; it rises in a straight line from 0 at the first. */
  readonly rate: number;
}

/**
 * Masks [depth, 2, batch] of both branches of all blocks, drawn from the tape's input `counter`, u32 [2]: seed and step, which
 * `augment` draws from too.
 */
export function drawDropPath(tape: Tape, { depth, batch, rate }: Depth): Tensor {
  checkNumber('drop_path', 'depth', depth, COUNT);
  checkNumber('drop_path', 'rate', rate, BELOW_ONE);
  const kernel = kernels['drop_path/draw'];
  const mask = tape.empty([depth, 2, batch], 'drop_path.mask');
  tape.dispatch(kernel, {
    bindings: { counter: tape.inputs.get('counter') ?? tape.input('counter', [2], 'u32'), mask },
    uniforms: { depth, batch, rate },
    workgroups: grid(tape.target, Math.ceil((2 * depth * batch) / tile(tape.target, kernel.constants).WORKGROUP)),
    label: 'drop_path.draw',
  });
  return mask;
}
