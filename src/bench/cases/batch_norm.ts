import { batchNorm } from '../../ops/batch_norm.ts';
import { elements, type Shape } from '../../tape/tensor.ts';
import type { BenchCase, Samples, Values } from './case.ts';
import { samplesAt, someOf, sum } from './samples.ts';

const EPS = 1e-5;

/** Training mode with ReLU. The gradients need the forward pass's statistics, so both passes are timed together. */
export function batchNormCases(x: Shape, withResidual: boolean): BenchCase[] {
  const channels = [x.at(-1) ?? 0];
  const name = `batch_norm [${x}] relu${withResidual ? ' residual' : ''}`;
  const inputs = { x, weight: channels, bias: channels, running_mean: channels, running_var: channels };
  const forward: BenchCase = {
    name: `${name} forward`,
    inputs: { ...inputs, ...(withResidual && { residual: x }) },
    family: 'batch_norm',
    build: (tape, { x, weight, bias, running_mean, running_var, residual }) =>
      batchNorm(
        tape,
        x!,
        { weight: weight!, bias: bias!, running_mean: running_mean!, running_var: running_var! },
        { training: true, relu: true, ...(residual && { residual }) },
      ),
    reference: (values) => batchNormSamples(x, (i) => values.x![i]!, values, 'y'),
    torch: { op: 'batch_norm', pass: 'forward' },
  };
  return [
    forward,
    {
      ...forward,
      name: `${name} forward+backward`,
      inputs: { ...forward.inputs, dy: x },
      gradientsOf: ['x', 'weight', 'bias', ...(withResidual ? ['residual'] : [])],
      reference: (values) => batchNormSamples(x, (i) => values.x![i]!, values, 'dx'),
      torch: { op: 'batch_norm', pass: 'forward+backward' },
    },
  ];
}

/** Some rows of a few channels, whose statistics are computed over all rows; `x` gives the input's elements by index. */
export function batchNormSamples(
  shape: Shape,
  x: (index: number) => number,
  { weight, bias, residual, dy }: Values,
  result: 'y' | 'dx',
): Samples {
  const channels = shape.at(-1) ?? 0;
  const rows = elements(shape) / channels;
  const entries = someOf(channels, 4).flatMap((c) => {
    const at = (row: number) => row * channels + c;
    const column = Float64Array.from({ length: rows }, (_, row) => x(at(row)));
    const mean = sum(rows, (row) => column[row]!) / rows;
    const variance = sum(rows, (row) => (column[row]! - mean) ** 2) / rows;
    const inverse = 1 / Math.sqrt(variance + EPS);
    const normal = (row: number) => (column[row]! - mean) * inverse;
    const y = (row: number) => normal(row) * weight![c]! + bias![c]! + (residual?.[at(row)] ?? 0);
    const some = someOf(rows, 64);
    if (result === 'y') return [...samplesAt(some, (row) => Math.max(0, y(row)))].map(([row, v]) => [at(row), v]);
    const dz = (row: number) => (y(row) > 0 ? dy![at(row)]! : 0);
    const [bySum, byProduct] = [sum(rows, dz) / rows, sum(rows, (row) => dz(row) * normal(row)) / rows];
    return some.map((row) => [at(row), weight![c]! * inverse * (dz(row) - bySum - normal(row) * byProduct)]);
  });
  return new Map(entries as [number, number][]);
}
