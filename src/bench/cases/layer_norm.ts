import { layerNorm } from '../../ops/layer_norm.ts';
import { elements, type Shape } from '../../tape/tensor.ts';
import type { BenchCase, Samples, Values } from './case.ts';
import { someOf, sum } from './samples.ts';

const EPS = 1e-5;

/** The gradients need the forward pass's statistics, so both passes are timed together. */
export function layerNormCases(x: Shape): BenchCase[] {
  const width = [x.at(-1) ?? 0];
  const forward: BenchCase = {
    name: `layer_norm [${x}] forward`,
    inputs: { x, weight: width, bias: width },
    family: 'layer_norm',
    build: (tape, { x, weight, bias }) => layerNorm(tape, x!, { weight: weight!, bias: bias! }),
    reference: (values) => samplesOf(x, values, 'y'),
    torch: { op: 'layer_norm', pass: 'forward' },
  };
  return [
    forward,
    {
      ...forward,
      name: `layer_norm [${x}] forward+backward`,
      inputs: { ...forward.inputs, dy: x },
      gradientsOf: ['x', 'weight', 'bias'],
      reference: (values) => samplesOf(x, values, 'dx'),
      torch: { op: 'layer_norm', pass: 'forward+backward' },
    },
  ];
}

/** A few whole rows. */
function samplesOf(shape: Shape, { x, weight, bias, dy }: Values, result: 'y' | 'dx'): Samples {
  const width = shape.at(-1) ?? 0;
  const samples = new Map<number, number>();
  for (const row of someOf(elements(shape) / width, 8)) {
    const at = (i: number) => row * width + i;
    const mean = sum(width, (i) => x![at(i)]!) / width;
    const inverse = 1 / Math.sqrt(sum(width, (i) => (x![at(i)]! - mean) ** 2) / width + EPS);
    const normal = (i: number) => (x![at(i)]! - mean) * inverse;
    const scaled = (i: number) => (dy?.[at(i)] ?? 0) * weight![i]!;
    const bySum = sum(width, scaled) / width;
    const byProduct = sum(width, (i) => scaled(i) * normal(i)) / width;
    for (let i = 0; i < width; i++)
      samples.set(
        at(i),
        result === 'y' ? normal(i) * weight![i]! + bias![i]! : inverse * (scaled(i) - bySum - normal(i) * byProduct),
      );
  }
  return samples;
}
