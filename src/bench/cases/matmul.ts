import { linear } from '../../ops/linear.ts';
import { matmul } from '../../ops/matmul.ts';
import type { BenchCase, Samples, Values } from './case.ts';
import { affordable, samplesAt, sum } from './samples.ts';

const SIZES = [256, 512, 1024, 2048, 4096];
const LAYOUTS = ['NN', 'NT', 'TN', 'TT'] as const;
const USUAL = /^matmul (256 NN|512 ..|1024 NN)$/;

/** Square matrices, each stored as it is (N) or transposed (T). */
export const matmulCases = (): BenchCase[] =>
  SIZES.flatMap((size) => LAYOUTS.map((layout) => matmulCase(size, layout)));

function matmulCase(size: number, layout: (typeof LAYOUTS)[number]): BenchCase {
  const [transposeA, transposeB] = [layout[0] === 'T', layout[1] === 'T'];
  const name = `matmul ${size} ${layout}`;
  return {
    name,
    usual: USUAL.test(name),
    inputs: { a: [size, size], b: [size, size] },
    family: 'matmul',
    build: (tape, { a, b }) => matmul(tape, a!, b!, { transposeA, transposeB }),
    reference: ({ a, b }) =>
      product(size, size, size, a!, transposeA ? [1, size] : [size, 1], b!, transposeB ? [1, size] : [size, 1]),
    problem: { op: 'matmul', transposeA, transposeB },
  };
}

/** A stack of plain products of [rows, depth] by [depth, columns]: what layers of that size are measured against. */
export function productCase(stack: number, rows: number, depth: number, columns: number): BenchCase {
  const [sizeA, sizeB, size] = [rows * depth, depth * columns, rows * columns];
  const count = stack * size;
  return {
    name: `matmul [${stack},${rows},${depth}]x[${depth},${columns}]`,
    inputs: { a: [stack, rows, depth], b: [stack, depth, columns] },
    family: 'matmul',
    build: (tape, { a, b }) => matmul(tape, a!, b!),
    reference: ({ a, b }) =>
      samplesAt(affordable(count, depth), (index) => {
        const [matrix, row, column] = [Math.floor(index / size), Math.floor(index / columns) % rows, index % columns];
        const [fromA, fromB] = [matrix * sizeA + row * depth, matrix * sizeB + column];
        return sum(depth, (i) => a![fromA + i]! * b![fromB + i * columns]!);
      }),
    problem: { op: 'matmul', transposeA: false, transposeB: false },
  };
}

/** The three passes of a linear layer with bias. */
export function linearCases(name: string, rows: readonly number[], from: number, to: number): BenchCase[] {
  const count = rows.reduce((product, size) => product * size, 1);
  const inputs = { x: [...rows, from], weight: [from, to], bias: [to] };
  const all = { ...inputs, dy: [...rows, to] };
  const common = {
    family: 'matmul',
    build: (tape, { x, weight, bias }) => linear(tape, x!, weight!, bias!),
  } satisfies Pick<BenchCase, 'family' | 'build'>;
  return [
    {
      ...{ ...common, name: `${name} forward`, inputs, torch: { op: 'linear', pass: 'forward' } },
      reference: ({ x, weight, bias }) => product(count, to, from, x!, [from, 1], weight!, [to, 1], bias),
    },
    {
      ...{ ...common, name: `${name} dgrad`, inputs: all, gradientsOf: ['x'], torch: { op: 'linear', pass: 'dgrad' } },
      reference: ({ dy, weight }) => product(count, from, to, dy!, [to, 1], weight!, [1, to]),
    },
    {
      ...{ ...common, name: `${name} wgrad`, inputs: all, gradientsOf: ['weight'] },
      torch: { op: 'linear', pass: 'wgrad' },
      reference: ({ x, dy }) => product(from, to, count, x!, [1, from], dy!, [to, 1]),
    },
  ];
}

type Strides = readonly [row: number, column: number];

/** Elements of the m × n product of a [m, k] and b [k, n], which lie in memory as their strides say. */
function product(
  m: number,
  n: number,
  k: number,
  a: Values[string],
  [aRow, aColumn]: Strides,
  b: Values[string],
  [bRow, bColumn]: Strides,
  bias?: Values[string],
): Samples {
  return samplesAt(affordable(m * n, k), (index) => {
    const [row, column] = [Math.floor(index / n), index % n];
    const dot = sum(k, (i) => a[row * aRow + i * aColumn]! * b[i * bRow + column * bColumn]!);
    return dot + (bias?.[column] ?? 0);
  });
}
