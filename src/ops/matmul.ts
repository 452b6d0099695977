import * as kernels from '../gpu/kernel/generated/kernels.ts';
import { shapeError, type Tape } from '../tape/tape.ts';
import { elements, type Moments, type Shape, showShape, type Tensor } from '../tape/tensor.ts';
import type { Tiling } from './gemm/tilings.ts';
import { chooseGemm, type GemmCandidate, gemmCandidate, gemmGrid } from './gemm.ts';
import { momentsOf } from './moments.ts';
import { mostSplits, partialSize, split, sumPartials } from './split.ts';
import { transposed } from './transpose.ts';

/** Which operands of `matmul` are read transposed: [..., k, m] in place of [..., m, k], [..., n, k] in place of [..., k, n]. */
export interface MatmulOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

/** Where the matrices of a product's operand lie in a tensor, counted in elements; rows are those stored. */
export interface Matrices {
  readonly tensor: Tensor;
  readonly transposed?: boolean;
  /** From one row to the next. */
  readonly row: number;
  readonly offset?: number;
  /** From one batch to the next. Batches are `outer` × `inner`, for example images × heads. */
  readonly outer?: number;
  readonly inner?: number;
}

/** c = op(a) · op(b) + bias for every batch, or c with that added. */
export interface Product {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: Matrices;
  readonly b: Matrices;
  readonly c: Matrices;
  /** Of shape [n]. */
  readonly bias?: Tensor | undefined;
  readonly accumulate?: boolean;
  /** Whether to store max(value, 0). */
  readonly relu?: boolean;
  /** Whether statistics of c's columns are wanted. */
  readonly moments?: boolean;
  readonly outerCount?: number;
  readonly innerCount?: number;
  readonly label: string;
}

type MatmulKernel = (typeof kernels)['matmul/naive'];
type MomentsKernel = (typeof kernels)['matmul/tile_moments'];

export const matmulCandidates: readonly GemmCandidate<MatmulKernel, MomentsKernel>[] = [
  gemmCandidate<MatmulKernel, MomentsKernel>('subgroup', kernels['matmul/subgroup'], {
    moments: kernels['matmul/subgroup_moments'],
  }),
  gemmCandidate<MatmulKernel, MomentsKernel>('tile', kernels['matmul/tile'], {
    moments: kernels['matmul/tile_moments'],
  }),
  gemmCandidate<MatmulKernel>('register', kernels['matmul/register']),
  gemmCandidate<MatmulKernel>('subgroup', kernels['matmul/subgroup_scalar'], { reads: 'scalar' }),
  gemmCandidate<MatmulKernel>('tile', kernels['matmul/tile_scalar'], { reads: 'scalar' }),
  gemmCandidate<MatmulKernel>('register', kernels['matmul/register_scalar'], { reads: 'scalar' }),
  { name: 'naive', kernel: kernels['matmul/naive'] },
];

/**
 * op(a) · op(b) over the last two dimensions, for every index of those before them, which both have alike.
 * Throws when a shape does not fit.
 */
export function matmul(tape: Tape, a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  const { transposeA = false, transposeB = false } = options;
  const batch = a.shape.slice(0, -2);
  if (a.shape.length < 2) throw shapeError('matmul', 'a', a.shape, '[..., rows, columns] is needed');
  if (b.shape.length < 2 || showShape(b.shape.slice(0, -2)) !== showShape(batch))
    throw shapeError('matmul', 'b', b.shape, `a has ${showShape(a.shape)}`);
  const [m, k] = lastTwo(a.shape, transposeA);
  const [depth, n] = lastTwo(b.shape, transposeB);
  if (k !== depth)
    throw shapeError('matmul', 'b', b.shape, `a${transposeA ? ' transposed' : ''} has ${k} columns to multiply with`);

  const y = tape.empty([...batch, m, n], 'matmul');
  multiply(tape, a, transposeA, b, transposeB, y, 'matmul');
  return tape.record('matmul', { a, b }, y, (dy) => ({
    a: (into, onto) => {
      const da = onto ?? into ?? tape.empty(a.shape, 'matmul.grad_a');
      if (transposeA) multiply(tape, b, transposeB, dy, true, da, 'matmul.grad_a', onto !== undefined);
      else multiply(tape, dy, false, b, !transposeB, da, 'matmul.grad_a', onto !== undefined);
      return da;
    },
    b: (into, onto) => {
      const db = onto ?? into ?? tape.empty(b.shape, 'matmul.grad_b');
      if (transposeB) multiply(tape, dy, true, a, transposeA, db, 'matmul.grad_b', onto !== undefined);
      else multiply(tape, a, !transposeA, dy, false, db, 'matmul.grad_b', onto !== undefined);
      return db;
    },
  }));
}

/** y = op(a) · op(b), or y with that added, for contiguous stacks of matrices, without a record. */
function multiply(
  tape: Tape,
  a: Tensor,
  transposeA: boolean,
  b: Tensor,
  transposeB: boolean,
  y: Tensor,
  label: string,
  accumulate = false,
): void {
  const [m, n] = lastTwo(y.shape, false);
  const [, k] = lastTwo(a.shape, transposeA);
  product(tape, {
    ...{ m, n, k, accumulate, label },
    a: stack(a, transposeA),
    b: stack(b, transposeB),
    c: stack(y, false),
    outerCount: elements(y.shape.slice(0, -2)),
  });
}

const stack = (tensor: Tensor, transposed: boolean): Matrices => {
  const [rows, row] = lastTwo(tensor.shape, false);
  return { tensor, transposed, row, outer: rows * row };
};

function lastTwo(shape: Shape, transposed: boolean): [rows: number, columns: number] {
  const [rows, columns] = shape.slice(-2) as [number, number];
  return transposed ? [columns, rows] : [rows, columns];
}

/**
 * Appends a matrix product to the tape, without a record: a building block of ops and gradients. A long sum at few places is
 * cut into parts where its tiles alone would not fill the adapter. Returns the statistics that are wanted where the kernel
 * that is chosen can take them on the way and that is worth it.
 */
export function product(tape: Tape, problem: Product): Moments | undefined {
  const { m, n, k, a, b, bias, accumulate = false, relu = false, outerCount = 1, innerCount = 1, label } = problem;
  const strides = [a, b, problem.c].flatMap(({ row, offset = 0, outer = 0, inner = 0 }) => [row, offset, outer, inner]);
  const contiguous = [n, a.transposed ? m : k, b.transposed ? k : n];
  const batches = outerCount * innerCount;
  const partial_size = partialSize(batches * m * n);
  const vec4 = [...strides, ...contiguous].every((count) => count % 4 === 0);
  const isMatrix = batches === 1 && !b.offset && b.row === k;
  const gemm = {
    rows: m,
    columns: n,
    depth: k,
    slices: batches,
    ...(isWhole(problem, batches) && { mostSplits: mostSplits(k, partial_size) }),
    ...(b.transposed && { b: vec4 && isMatrix ? ('transposable' as const) : ('along' as const) }),
    vec4,
    operands: (a.transposed ? 't' : 'n') + (b.transposed ? 't' : 'n'),
  };
  const { kernel, moments, tiling = NAIVE_TILING, splits: parts } = chooseGemm(tape, 'matmul', matmulCandidates, gemm);
  const right = tiling.transposesB ? { tensor: transposed(tape, b.tensor, [1, n, k], label), row: n } : b;
  const { splits, terms: split_k } = split(k, parts);

  const partials = splits > 1 ? tape.empty([splits, partial_size], `${label}.partials`) : undefined;
  const c = partials ? { tensor: partials, row: n, inner: m * n, outer: innerCount * m * n } : problem.c;
  const launch = {
    bindings: { a: a.tensor, b: right.tensor, bias: bias ?? b.tensor, c: c.tensor },
    uniforms: {
      ...{ m, n, k, inner_count: innerCount, slices: batches * splits, splits, split_k, partial_size },
      ...{ a_offset: a.offset ?? 0, a_row: a.row, a_outer: a.outer ?? 0, a_inner: a.inner ?? 0 },
      ...{ b_offset: b.offset ?? 0, b_row: right.row, b_outer: b.outer ?? 0, b_inner: b.inner ?? 0 },
      ...{ c_offset: c.offset ?? 0, c_row: c.row, c_outer: c.outer ?? 0, c_inner: c.inner ?? 0 },
    },
    constants: {
      ...tiling.constants,
      TRANSPOSE_A: a.transposed ? 1 : 0,
      TRANSPOSE_B: right.transposed ? 1 : 0,
      MASK_K: k % tiling.step === 0 ? 0 : 1,
      BIAS: bias ? 1 : 0,
      ACCUMULATE: accumulate && !partials ? 1 : 0,
      RELU: relu && !partials ? 1 : 0,
    },
    workgroups: gemmGrid(tape.target, gemm, tiling, splits),
    label,
    flops: 2 * m * n * k * batches,
    updates: accumulate && !partials ? c.tensor : undefined,
  };
  const plain = !bias && !relu && !accumulate && batches * splits === 1 && isWhole(problem, batches);
  const left = problem.moments && plain && moments ? momentsOf(tape, gemm, tiling) : undefined;
  if (left && moments) tape.dispatch(moments, { ...launch, bindings: { ...launch.bindings, partials: left.partials } });
  else tape.dispatch(kernel, launch);
  if (partials) sumPartials(tape, partials, problem.c.tensor, { accumulate, relu, label: `${label}.sum` });
  return left;
}

/** Whether c is all of a tensor, so that partials can be summed to it. */
const isWhole = ({ m, n, c, outerCount = 1, innerCount = 1 }: Product, batches: number): boolean =>
  (c.offset ?? 0) === 0 &&
  c.row === n &&
  (innerCount === 1 || c.inner === m * n) &&
  (outerCount === 1 || c.outer === innerCount * m * n) &&
  elements(c.tensor.shape) === batches * m * n;

const NAIVE_TILING: Tiling = { name: '', constants: {}, rows: 8, columns: 8, step: 1, threads: 64, cost: 1 };
