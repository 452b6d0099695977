import { type Array64, array64, input, number, pair, type Reference, rowsOf, zeros } from './array64.ts';

/** y = op(a) op(b) over the last two axes, for every index of the axes before them. */
export const matmul: Reference = (inputs, attrs) => {
  const [a, b] = [input(inputs, 'a'), input(inputs, 'b')];
  return { y: multiply(a, b, attrs.transpose_a === true, attrs.transpose_b === true) };
};

/** Matrix product of two stacks of matrices, each transposed first where asked. */
export function multiply(a: Array64, b: Array64, transposeA: boolean, transposeB: boolean): Array64 {
  const batchShape = a.shape.slice(0, -2);
  const [aRows, aColumns] = a.shape.slice(-2) as [number, number];
  const [bRows, bColumns] = b.shape.slice(-2) as [number, number];
  const [m, k] = transposeA ? [aColumns, aRows] : [aRows, aColumns];
  const n = transposeB ? bRows : bColumns;
  const y = zeros([...batchShape, m, n]);
  const batches = y.data.length / (m * n);
  for (let batch = 0; batch < batches; batch++) {
    const [aStart, bStart, yStart] = [batch * m * k, batch * k * n, batch * m * n];
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let p = 0; p < k; p++) {
          const x = a.data[aStart + (transposeA ? p * m + i : i * k + p)]!;
          const w = b.data[bStart + (transposeB ? j * k + p : p * n + j)]!;
          sum += x * w;
        }
        y.data[yStart + i * n + j] = sum;
      }
    }
  }
  return y;
}

/** y = x Wᵀ + bias with W of shape (out, in); x may have any number of leading axes. */
export const linear: Reference = (inputs) => {
  const [x, weight] = [input(inputs, 'x'), input(inputs, 'weight')];
  const { rows, width } = rowsOf(x);
  const product = multiply({ shape: [rows, width], data: x.data }, weight, false, true);
  const out = weight.shape[0]!;
  const { bias } = inputs;
  const data = product.data.map((value, i) => value + (bias ? bias.data[i % out]! : 0));
  return { y: { shape: [...x.shape.slice(0, -1), out], data } };
};

/** Cross-correlation of x (N, C, H, W) with weight (O, C / groups, KH, KW), zero padding, plus bias (O). */
export const conv2d: Reference = (inputs, attrs) => {
  const [x, weight] = [input(inputs, 'x'), input(inputs, 'weight')];
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const [o, ci, kh, kw] = weight.shape as [number, number, number, number];
  const [strideH, strideW] = pair(attrs, 'stride', [1, 1]);
  const [padH, padW] = pair(attrs, 'padding', [0, 0]);
  const [dilationH, dilationW] = pair(attrs, 'dilation', [1, 1]);
  const groups = number(attrs, 'groups', 1);
  const outH = Math.floor((h + 2 * padH - dilationH * (kh - 1) - 1) / strideH) + 1;
  const outW = Math.floor((w + 2 * padW - dilationW * (kw - 1) - 1) / strideW) + 1;
  const y = zeros([n, o, outH, outW]);
  let target = 0;
  for (let image = 0; image < n; image++) {
    for (let oc = 0; oc < o; oc++) {
      const firstChannel = Math.floor(oc / (o / groups)) * ci;
      for (let oy = 0; oy < outH; oy++) {
        for (let ox = 0; ox < outW; ox++) {
          let sum = inputs.bias?.data[oc] ?? 0;
          for (let ic = 0; ic < ci; ic++) {
            for (let ky = 0; ky < kh; ky++) {
              const iy = oy * strideH - padH + ky * dilationH;
              if (iy < 0 || iy >= h) continue;
              for (let kx = 0; kx < kw; kx++) {
                const ix = ox * strideW - padW + kx * dilationW;
                if (ix < 0 || ix >= w) continue;
                const value = x.data[((image * c + firstChannel + ic) * h + iy) * w + ix]!;
                sum += value * weight.data[((oc * ci + ic) * kh + ky) * kw + kx]!;
              }
            }
          }
          y.data[target++] = sum;
        }
      }
    }
  }
  return { y };
};

/** y = softmax(scale q kᵀ) v for q, k, v of shape (..., tokens, width). */
export const attention: Reference = (inputs, attrs) => {
  const [q, k, v] = [input(inputs, 'q'), input(inputs, 'k'), input(inputs, 'v')];
  const scale = number(attrs, 'scale');
  const scores = multiply(q, k, false, true);
  const scaled = array64(
    scores.data.map((score) => scale * score),
    scores.shape,
  );
  return { y: multiply(softmaxRows(scaled), v, false, false) };
};

/** Softmax along the last axis. */
export function softmaxRows(x: Array64): Array64 {
  const { rows, width } = rowsOf(x);
  const y = zeros(x.shape);
  for (let row = 0; row < rows; row++) {
    const values = x.data.subarray(row * width, (row + 1) * width);
    const largest = values.reduce((a, b) => Math.max(a, b));
    const exponentials = values.map((value) => Math.exp(value - largest));
    const sum = exponentials.reduce((a, b) => a + b);
    y.data.set(
      exponentials.map((value) => value / sum),
      row * width,
    );
  }
  return y;
}
