import { erf } from '../../conformance/reference/elementwise.ts';
import { add, gelu, relu } from '../../ops/elementwise.ts';
import { type BenchCase, millions, type Setting } from './case.ts';
import { samplesAt, someOf } from './samples.ts';

/** Larger than the caches of an adapter of the kind. */
const FLOATS = { cpu: 2 ** 22, gpu: 2 ** 26 };

export const elementwiseCases = ({ kind }: Setting): BenchCase[] => mapCases(FLOATS[kind]);

/** Maps over vectors of so many floats. ReLU's gradient reads its result, so that both are timed. */
export function mapCases(count: number): BenchCase[] {
  const [x, dy] = [[count], [count]];
  const some = someOf(count);
  const size = count < 2 ** 20 ? `${count}` : millions(count);
  return [
    {
      ...{ name: `add ${size}`, usual: true, inputs: { a: x, b: x }, torch: { op: 'add' } },
      build: (tape, { a, b }) => add(tape, a!, b!),
      reference: ({ a, b }) => samplesAt(some, (i) => a![i]! + b![i]!),
    },
    {
      ...{ name: `relu ${size} forward`, usual: true, inputs: { x }, torch: { op: 'relu', pass: 'forward' } },
      build: (tape, { x }) => relu(tape, x!),
      reference: ({ x }) => samplesAt(some, (i) => Math.max(x![i]!, 0)),
    },
    {
      ...{ name: `relu ${size} forward+backward`, inputs: { x, dy }, gradientsOf: ['x'] },
      torch: { op: 'relu', pass: 'forward+backward' },
      build: (tape, { x }) => relu(tape, x!),
      reference: ({ x, dy }) => samplesAt(some, (i) => (x![i]! > 0 ? dy![i]! : 0)),
    },
    {
      ...{ name: `gelu ${size} forward`, usual: true, inputs: { x }, torch: { op: 'gelu', pass: 'forward' } },
      build: (tape, { x }) => gelu(tape, x!),
      reference: ({ x }) => samplesAt(some, (i) => x![i]! * normalDistribution(x![i]!)),
    },
    {
      ...{ name: `gelu ${size} backward`, usual: true, inputs: { x, dy }, gradientsOf: ['x'] },
      torch: { op: 'gelu', pass: 'backward' },
      build: (tape, { x }) => gelu(tape, x!),
      reference: ({ x, dy }) =>
        samplesAt(some, (i) => {
          const value = x![i]!;
          const density = Math.exp(-(value ** 2) / 2) / Math.sqrt(2 * Math.PI);
          return dy![i]! * (normalDistribution(value) + value * density);
        }),
    },
  ];
}

const normalDistribution = (x: number): number => (1 + erf(x / Math.SQRT2)) / 2;
