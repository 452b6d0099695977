import { conv2d } from '../../ops/conv2d.ts';
import type { BenchCase, ConvProblem, Samples, Values } from './case.ts';
import { affordable, samplesAt } from './samples.ts';

/** A convolution of square images with square filters. */
export interface Conv {
  readonly batch: number;
  readonly size: number;
  readonly from: number;
  readonly to: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
}

export const convName = ({ batch, size, from, to, kernel, stride }: Conv): string =>
  `conv ${kernel}x${kernel} s${stride} N${batch} C${from} ${size}x${size} K${to}`;

/** The passes that training needs: images themselves (one or three channels) get no gradient. */
export function convCases(conv: Conv): BenchCase[] {
  const { batch, size, from, to, kernel, stride, padding } = conv;
  const out = outSize(conv);
  const x = [batch, size, size, from];
  const weight = [kernel, kernel, from, to];
  const dy = [batch, out, out, to];
  // A 1×1 convolution with stride 1 is a matrix product, and takes its kernels.
  const families =
    kernel * stride === 1
      ? { forward: 'matmul', dgrad: 'matmul', wgrad: 'conv2d.wgrad' }
      : { forward: 'conv2d.forward', dgrad: 'conv2d.dgrad', wgrad: 'conv2d.wgrad' };
  const passes: ConvProblem['pass'][] = from > 3 ? ['forward', 'dgrad', 'wgrad'] : ['forward', 'wgrad'];
  return passes.map(
    (pass): BenchCase => ({
      name: `${convName(conv)} ${pass}`,
      // A gradient does not read its own variable, but the op that it belongs to has to be recorded.
      inputs: pass === 'forward' ? { x, weight } : { x, weight, dy },
      family: families[pass],
      ...(pass !== 'forward' && { gradientsOf: [pass === 'dgrad' ? 'x' : 'weight'] }),
      build: (tape, inputs) =>
        conv2d(tape, inputs.x!, inputs.weight!, undefined, { stride: [stride, stride], padding: [padding, padding] }),
      reference: (values) => references[pass](conv, values),
      problem: { op: 'conv2d', pass, stride, padding },
    }),
  );
}

export const outSize = ({ size, kernel, stride, padding }: Conv): number =>
  Math.floor((size + 2 * padding - kernel) / stride) + 1;

/** Elements of the forward pass's result, by index. */
export const outputOf =
  (conv: Conv, x: Values[string], weight: Values[string]) =>
  (index: number): number => {
    const { size, from, to, kernel, stride, padding } = conv;
    const out = outSize(conv);
    const [n, oy, ox, k] = places(index, [out, out, to]);
    let sum = 0;
    for (let ky = 0; ky < kernel; ky++)
      for (let kx = 0; kx < kernel; kx++) {
        const [iy, ix] = [oy * stride - padding + ky, ox * stride - padding + kx];
        if (iy < 0 || iy >= size || ix < 0 || ix >= size) continue;
        for (let c = 0; c < from; c++)
          sum += x[((n * size + iy) * size + ix) * from + c]! * weight[((ky * kernel + kx) * from + c) * to + k]!;
      }
    return sum;
  };

const references: Record<ConvProblem['pass'], (conv: Conv, values: Values) => Samples> = {
  forward(conv, { x, weight }) {
    const { batch, from, to, kernel } = conv;
    return samplesAt(affordable(batch * outSize(conv) ** 2 * to, kernel * kernel * from), outputOf(conv, x!, weight!));
  },
  dgrad(conv, { dy, weight }) {
    const { batch, size, from, to, kernel, stride, padding } = conv;
    const out = outSize(conv);
    return samplesAt(affordable(batch * size * size * from, kernel * kernel * to), (index) => {
      const [n, iy, ix, c] = places(index, [size, size, from]);
      let sum = 0;
      for (let ky = 0; ky < kernel; ky++)
        for (let kx = 0; kx < kernel; kx++) {
          const [oy, ox] = [(iy + padding - ky) / stride, (ix + padding - kx) / stride];
          if (!Number.isInteger(oy) || !Number.isInteger(ox)) continue;
          if (oy < 0 || oy >= out || ox < 0 || ox >= out) continue;
          for (let k = 0; k < to; k++)
            sum += dy![((n * out + oy) * out + ox) * to + k]! * weight![((ky * kernel + kx) * from + c) * to + k]!;
        }
      return sum;
    });
  },
  wgrad(conv, { x, dy }) {
    const { batch, size, from, to, kernel, stride, padding } = conv;
    const out = outSize(conv);
    return samplesAt(affordable(kernel * kernel * from * to, batch * out * out), (index) => {
      const [ky, kx, c, k] = places(index, [kernel, from, to]);
      let sum = 0;
      for (let n = 0; n < batch; n++)
        for (let oy = 0; oy < out; oy++) {
          const iy = oy * stride - padding + ky;
          if (iy < 0 || iy >= size) continue;
          for (let ox = 0; ox < out; ox++) {
            const ix = ox * stride - padding + kx;
            if (ix < 0 || ix >= size) continue;
            sum += x![((n * size + iy) * size + ix) * from + c]! * dy![((n * out + oy) * out + ox) * to + k]!;
          }
        }
      return sum;
    });
  },
};

/** The four indices of an element, given the last three sizes. */
function places(index: number, [b, c, d]: readonly [number, number, number]): [number, number, number, number] {
  return [Math.floor(index / (b * c * d)), Math.floor(index / (c * d)) % b, Math.floor(index / d) % c, index % d];
}
