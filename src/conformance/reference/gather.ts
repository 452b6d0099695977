import { type Array64, array64, input, number, type Reference, zeros } from './array64.ts';

/** Each batch's rows of x in ascending order of their keys, the first `count` of them: x [b, n, c], keys [b, n]. */
export const permute_rows: Reference = (inputs, attrs) => {
  const [x, keys] = [input(inputs, 'x'), input(inputs, 'keys')];
  const [batches, n, c] = x.shape as [number, number, number];
  const count = number(attrs, 'count', n);
  const y = zeros([batches, count, c]);
  for (const [batch, order] of orders(keys).entries())
    for (let r = 0; r < count; r++)
      y.data.set(
        x.data.subarray((batch * n + order[r]!) * c, (batch * n + order[r]! + 1) * c),
        (batch * count + r) * c,
      );
  return { y };
};

/** The inverse: row r of a batch of x [b, count, c] goes to the place of the r-th smallest key; all other places get `fill` [c]. */
export const restore_rows: Reference = (inputs) => {
  const [x, keys] = [input(inputs, 'x'), input(inputs, 'keys')];
  const [batches, count, c] = x.shape as [number, number, number];
  const n = keys.data.length / batches;
  const fill = inputs.fill?.data ?? new Float64Array(c);
  const y = zeros([batches, n, c]);
  for (const [batch, order] of orders(keys).entries())
    for (let r = 0; r < n; r++) {
      const from = (batch * count + r) * c;
      y.data.set(r < count ? x.data.subarray(from, from + c) : fill, (batch * n + order[r]!) * c);
    }
  return { y };
};

/** The rows `first` to `first + count - 1` of x [n, ...]. */
export const slice_rows: Reference = (inputs, attrs) => {
  const x = input(inputs, 'x');
  const [n, ...row] = x.shape as [number, ...number[]];
  const [first, count] = [number(attrs, 'first'), number(attrs, 'count')];
  const size = x.data.length / n;
  return { y: array64(x.data.subarray(first * size, (first + count) * size), [count, ...row]) };
};

const orders = ({ shape: [batches = 1, n = 1], data }: Array64): number[][] =>
  Array.from({ length: batches }, (_, batch) =>
    Array.from({ length: n }, (_, i) => i).sort((a, b) => data[batch * n + a]! - data[batch * n + b]! || a - b),
  );
