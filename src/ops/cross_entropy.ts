import * as kernels from '../gpu/kernel/generated/kernels.ts';
import { checkNumber, PROBABILITY } from '../tape/check.ts';
import { shapeError, type Tape } from '../tape/tape.ts';
import { elements, showShape, type Tensor } from '../tape/tensor.ts';
import { reduceRows } from './reduce.ts';
import { rowGrid } from './rows.ts';

/** What `crossEntropy` is told besides its tensors. */
export interface CrossEntropyOptions {
  /** How much of each target is spread evenly over all classes, 0 to 1. */
  readonly label_smoothing?: number;
}

const LABELS = { forward: kernels['cross_entropy/forward'], backward: kernels['cross_entropy/backward'] };
const PROBABILITIES = {
  forward: kernels['cross_entropy/forward_probabilities'],
  backward: kernels['cross_entropy/backward_probabilities'],
};

/**
 * The mean over rows of -Σ q log softmax(logits), of shape [1], for logits [N, classes]. The target is i32 labels [N] or
 * f32 probabilities [N, classes]. A row whose label is no class (-1, say) adds nothing and gets no gradient, but counts
 * in the mean. The target gets no gradient. Throws when a shape or the target's dtype does not fit.
 */
export function crossEntropy(
  tape: Tape,
  logits: Tensor,
  target: Tensor,
  { label_smoothing: smoothing = 0 }: CrossEntropyOptions = {},
): Tensor {
  checkNumber('cross_entropy', 'label_smoothing', smoothing, PROBABILITY);
  const { rows, columns } = sizesOf(logits);
  const given: string = `${target.dtype} ${showShape(target.shape)}`;
  const wanted = [`i32 ${showShape([rows])}`, `f32 ${showShape([rows, columns])}`];
  if (!wanted.includes(given))
    throw new Error(
      `cross_entropy: ${target.label} is ${given}, but it must be labels, ${wanted[0]}, or probabilities, ${wanted[1]}.`,
    );
  const { forward, backward } = target.dtype === 'f32' ? PROBABILITIES : LABELS;
  const launch = { uniforms: { rows, columns, smoothing }, ...rowGrid(tape.target, rows, columns) };
  const losses = tape.empty([rows], 'cross_entropy.rows');
  const saved = tape.empty([rows, 4], 'cross_entropy.saved');
  tape.dispatch(forward, {
    ...launch,
    bindings: { logits, targets: target, losses, saved },
    label: 'cross_entropy',
    flops: 6 * elements(logits.shape),
  });
  const mean = tape.empty([1], 'cross_entropy');
  const y = reduceRows(tape, losses, { rows, columns: 1 }, 1 / rows, mean, 'cross_entropy.mean');
  return tape.record('cross_entropy', { logits, target }, y, (dy) => ({
    logits: (into) => {
      const dlogits = into ?? tape.empty(logits.shape, 'cross_entropy.grad');
      tape.dispatch(backward, {
        ...launch,
        bindings: { dy, logits, targets: target, saved, dlogits },
        label: 'cross_entropy.backward',
        flops: 6 * elements(logits.shape),
      });
      return dlogits;
    },
  }));
}

function sizesOf({ shape }: Tensor): { rows: number; columns: number } {
  const [rows, columns] = shape;
  if (shape.length !== 2 || !rows || !columns)
    throw shapeError('cross_entropy', 'logits', shape, '[N, classes] is needed');
  return { rows, columns };
}
