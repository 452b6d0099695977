import { input, pair, type Reference, zeros } from './array64.ts';

/** The maximum over windows of x (N, C, H, W); padding never wins. */
export const max_pool2d: Reference = (inputs, attrs) => {
  const x = input(inputs, 'x');
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const [kh, kw] = pair(attrs, 'kernel', [2, 2]);
  const [strideH, strideW] = pair(attrs, 'stride', [kh, kw]);
  const [padH, padW] = pair(attrs, 'padding', [0, 0]);
  const outH = Math.floor((h + 2 * padH - kh) / strideH) + 1;
  const outW = Math.floor((w + 2 * padW - kw) / strideW) + 1;
  const y = zeros([n, c, outH, outW]);
  let target = 0;
  for (let plane = 0; plane < n * c; plane++) {
    for (let oy = 0; oy < outH; oy++) {
      for (let ox = 0; ox < outW; ox++) {
        let largest = Number.NEGATIVE_INFINITY;
        for (let ky = 0; ky < kh; ky++) {
          for (let kx = 0; kx < kw; kx++) {
            const [iy, ix] = [oy * strideH - padH + ky, ox * strideW - padW + kx];
            if (iy < 0 || iy >= h || ix < 0 || ix >= w) continue;
            largest = Math.max(largest, x.data[(plane * h + iy) * w + ix]!);
          }
        }
        y.data[target++] = largest;
      }
    }
  }
  return { y };
};

/** The mean over height and width: (N, C, H, W) becomes (N, C). */
export const global_avg_pool2d: Reference = (inputs) => {
  const x = input(inputs, 'x');
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const y = zeros([n, c]);
  x.data.forEach((value, i) => {
    y.data[Math.floor(i / (h * w))]! += value / (h * w);
  });
  return { y };
};
