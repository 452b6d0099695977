import { shapeError, type Tape } from '../tape/tape.ts';
import { elements, showShape, type Tensor } from '../tape/tensor.ts';
import { reluBackward } from './elementwise.ts';
import { product } from './matmul.ts';
import { sumRows } from './reduce.ts';

/**
 * x · weight + bias for x [..., in], weight [in, out] and bias [out], through a ReLU where asked.
 * Throws when a shape does not fit.
 */
export function linear(tape: Tape, x: Tensor, weight: Tensor, bias?: Tensor, { relu = false } = {}): Tensor {
  const width = x.shape.at(-1) ?? 0;
  const [from, to] = weight.shape as [number, number];
  if (weight.shape.length !== 2) throw shapeError('linear', 'weight', weight.shape, '[in, out] is needed');
  if (width !== from) throw shapeError('linear', 'x', x.shape, `weight has ${showShape(weight.shape)}`);
  if (bias && showShape(bias.shape) !== showShape([to]))
    throw shapeError('linear', 'bias', bias.shape, `weight has ${showShape(weight.shape)}`);
  const rows = elements(x.shape) / from;

  const y = tape.empty([...x.shape.slice(0, -1), to], 'linear');
  product(tape, {
    ...{ m: rows, n: to, k: from, bias, relu, label: 'linear' },
    a: { tensor: x, row: from },
    b: { tensor: weight, row: to },
    c: { tensor: y, row: to },
  });
  const inputs: Record<string, Tensor> = { x, weight, ...(bias && { bias }) };
  return tape.record('linear', inputs, y, (upstream) => {
    const dy = relu ? reluBackward(tape, upstream, y) : upstream;
    return {
      x: (into, onto) => {
        const dx = onto ?? into ?? tape.empty(x.shape, 'linear.grad_x');
        product(tape, {
          ...{ m: rows, n: from, k: to, accumulate: onto !== undefined, label: 'linear.grad_x' },
          a: { tensor: dy, row: to },
          b: { tensor: weight, row: to, transposed: true },
          c: { tensor: dx, row: from },
        });
        return dx;
      },
      weight: (into, onto) => {
        const dw = onto ?? into ?? tape.empty(weight.shape, 'linear.grad_weight');
        product(tape, {
          ...{ m: from, n: to, k: rows, accumulate: onto !== undefined, label: 'linear.grad_weight' },
          a: { tensor: x, row: from, transposed: true },
          b: { tensor: dy, row: to },
          c: { tensor: dw, row: to },
        });
        return dw;
      },
      bias: (into) => sumRows(tape, dy, into),
    };
  });
}
