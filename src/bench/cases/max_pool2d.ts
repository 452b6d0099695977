import { maxPool2d } from '../../ops/max_pool2d.ts';
import { elements, type Shape } from '../../tape/tensor.ts';
import type { BenchCase, Samples, Values } from './case.ts';
import { samplesAt, someOf } from './samples.ts';

const OPTIONS = { kernel: [3, 3], stride: [2, 2], padding: [1, 1] } as const;

/** The pooling of a ResNet's stem. Its gradient needs the places of the maxima, so both passes are timed together. */
export function maxPool2dCases(x: Shape, y: Shape): BenchCase[] {
  const forward: BenchCase = {
    name: `max_pool2d 3x3 s2 [${x}] forward`,
    inputs: { x },
    family: 'max_pool2d',
    build: (tape, { x }) => maxPool2d(tape, x!, OPTIONS),
    reference: (values) => samplesAt(someOf(elements(y)), (index) => at(maximum(x, y, values, index), values.x!)),
    torch: { op: 'max_pool2d', pass: 'forward' },
  };
  return [
    forward,
    {
      ...forward,
      name: `max_pool2d 3x3 s2 [${x}] forward+backward`,
      inputs: { x, dy: y },
      gradientsOf: ['x'],
      reference: (values) => gradientSamples(x, y, values),
      torch: { op: 'max_pool2d', pass: 'forward+backward' },
    },
  ];
}

const at = (index: number, values: Values[string]): number => values[index]!;

/** The place in x of a window's first maximum. */
function maximum([, height, width, channels]: Shape, [, h, w]: Shape, { x }: Values, index: number): number {
  const [c, ox] = [index % channels!, Math.floor(index / channels!) % w!];
  const [oy, n] = [Math.floor(index / (channels! * w!)) % h!, Math.floor(index / (channels! * w! * h!))];
  let best = -1;
  for (let iy = Math.max(0, 2 * oy - 1); iy <= Math.min(height! - 1, 2 * oy + 1); iy++)
    for (let ix = Math.max(0, 2 * ox - 1); ix <= Math.min(width! - 1, 2 * ox + 1); ix++) {
      const place = ((n * height! + iy) * width! + ix) * channels! + c;
      if (best < 0 || x![place]! > x![best]!) best = place;
    }
  return best;
}

/** Where a window's maximum lies, the gradients of all windows that hold it add up. */
function gradientSamples(x: Shape, y: Shape, values: Values): Samples {
  const [, h, w, channels] = y as [number, number, number, number];
  const samples = new Map<number, number>();
  for (const index of someOf(elements(y), 64)) {
    const place = maximum(x, y, values, index);
    let total = 0;
    for (let down = -1; down <= 1; down++)
      for (let across = -1; across <= 1; across++) {
        const [oy, ox] = [(Math.floor(index / (channels * w)) % h) + down, (Math.floor(index / channels) % w) + across];
        if (oy < 0 || oy >= h || ox < 0 || ox >= w) continue;
        const other = index + (down * w + across) * channels;
        if (maximum(x, y, values, other) === place) total += values.dy![other]!;
      }
    samples.set(place, total);
  }
  return samples;
}
