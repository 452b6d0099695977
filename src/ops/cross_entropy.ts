import { kernels } from '../gpu/kernel/generated.ts';
import { shapeError, type Tape } from '../tape/tape.ts';
import { elements, showShape, type Tensor } from '../tape/tensor.ts';
import { reduceRows } from './reduce.ts';
import { rowGrid } from './rows.ts';

export interface CrossEntropyOptions {
  /** How much of each target is spread evenly over all classes. */
  readonly label_smoothing?: number;
}

/**
 * The mean over rows of -Σ q log softmax(logits), of shape [1], for logits [N, classes]. The target is i32 labels [N] or
 * f32 probabilities [N, classes]. A row whose label is no class (-1, say) adds nothing and gets no gradient, but counts
 * in the mean. Throws when a shape does not fit.
 */
export function crossEntropy(
  tape: Tape,
  logits: Tensor,
  target: Tensor,
  { label_smoothing: smoothing = 0 }: CrossEntropyOptions = {},
): Tensor {
  const { rows, columns } = checkLogits('cross_entropy', logits);
  const PROBABILITIES = target.dtype === 'f32' ? 1 : 0;
  const wanted = PROBABILITIES ? [rows, columns] : [rows];
  if (showShape(target.shape) !== showShape(wanted) || target.dtype === 'u8')
    throw shapeError(
      'cross_entropy',
      `target (${target.dtype})`,
      target.shape,
      `logits have ${showShape(logits.shape)}`,
    );
  const { constants, workgroups } = rowGrid(tape.target, rows, columns);
  const launch = { uniforms: { rows, columns, smoothing }, constants: { ...constants, PROBABILITIES }, workgroups };
  const losses = tape.empty([rows], 'cross_entropy.rows');
  const saved = tape.empty([rows, 4], 'cross_entropy.saved');
  tape.dispatch(kernels['cross_entropy/forward'], {
    ...launch,
    bindings: { logits, labels: target, losses, saved },
    label: 'cross_entropy',
    flops: 6 * elements(logits.shape),
  });
  const y = reduceRows(tape, losses, { rows, columns: 1 }, 1 / rows, tape.empty([1], 'cross_entropy'));
  return tape.record('cross_entropy', { logits }, y, (dy) => ({
    logits: (into) => {
      const dlogits = into ?? tape.empty(logits.shape, 'cross_entropy.grad');
      tape.dispatch(kernels['cross_entropy/backward'], {
        ...launch,
        bindings: { dy, logits, labels: target, saved, dlogits },
        label: 'cross_entropy.backward',
        flops: 6 * elements(logits.shape),
      });
      return dlogits;
    },
  }));
}

/**
 * How many rows of logits [N, classes] are largest at their label (i32 [N]; the first of equals counts), as u32 [1].
 * A label that is no class is never right.
 */
export function countCorrect(tape: Tape, logits: Tensor, target: Tensor): Tensor {
  const { rows, columns } = checkLogits('count_correct', logits);
  if (showShape(target.shape) !== showShape([rows]) || target.dtype === 'f32' || target.dtype === 'u8')
    throw shapeError('count_correct', `target (${target.dtype})`, target.shape, `i32 labels [${rows}] are needed`);
  const correct = tape.empty([1], 'count_correct', 'u32');
  tape.dispatch(kernels['cross_entropy/correct'], {
    bindings: { logits, labels: target, correct },
    uniforms: { rows, columns },
    workgroups: [1, 1, 1],
    label: 'count_correct',
  });
  return correct;
}

function checkLogits(op: string, { shape }: Tensor): { rows: number; columns: number } {
  const [rows, columns] = shape;
  if (shape.length !== 2 || !rows || !columns) throw shapeError(op, 'logits', shape, '[N, classes] is needed');
  return { rows, columns };
}
