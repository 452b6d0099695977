import * as kernels from '../gpu/kernel/generated/kernels.ts';
import { checkNumber } from '../tape/check.ts';
import { shapeError, type Tape } from '../tape/tape.ts';
import { elements, showShape, type Tensor } from '../tape/tensor.ts';
import { type Candidate, choose } from './candidates.ts';
import { type ColumnGrid, reductionGrid, wholeGrid } from './columns.ts';
import { elementwise, scaled } from './elementwise.ts';

export interface Matrix {
  readonly rows: number;
  readonly columns: number;
}

/** By vec4s where columns allow. */
export const reduceCandidates: readonly (Candidate<Matrix> & {
  readonly width: 1 | 4;
  readonly sums: (typeof kernels)['reduce/column_sums'];
  readonly spread: (typeof kernels)['reduce/spread'];
})[] = [
  {
    name: 'vec4',
    unfit: ({ columns }) => (columns % 4 === 0 ? undefined : `${columns} columns are no multiple of 4`),
    width: 4,
    sums: kernels['reduce/column_sums'],
    spread: kernels['reduce/spread'],
  },
  { name: 'scalar', width: 1, sums: kernels['reduce/column_sums_scalar'], spread: kernels['reduce/spread_scalar'] },
];

/** The sum of all elements, of shape [1]. */
export const sum = (tape: Tape, x: Tensor): Tensor => total(tape, 'sum', x, 1);

/** The mean of all elements, of shape [1]. */
export const mean = (tape: Tape, x: Tensor): Tensor => total(tape, 'mean', x, 1 / elements(x.shape));

function total(tape: Tape, op: string, x: Tensor, factor: number): Tensor {
  const y = reduceRows(tape, x, { rows: elements(x.shape), columns: 1 }, factor, tape.empty([1], op), op);
  return tape.record(op, { x }, y, (dy) => ({
    x: (into) => {
      const dx = into ?? tape.empty(x.shape, `${op}.grad`);
      elementwise(tape, kernels['reduce/fill'], { y: dx, x: dy }, `${op}.backward`, { factor });
      return dx;
    },
  }));
}

/** Σ factor · tensor over tensors of shape [1], such as the terms of a loss. */
export function weightedSum(tape: Tape, terms: readonly (readonly [tensor: Tensor, factor: number])[]): Tensor {
  if (terms.length === 0) throw new Error('weighted_sum: there is nothing to add up.');
  for (const [index, [{ shape }, factor]] of terms.entries()) {
    if (showShape(shape) !== '[1]') throw shapeError('weighted_sum', 'a term', shape, '[1] is needed');
    checkNumber('weighted_sum', `the factor of term ${index}`, factor);
  }
  let y: Tensor | undefined;
  const rest = [...terms];
  while (rest.length > 0) {
    const part: (readonly [Tensor, number])[] = [...(y ? [[y, 1] as const] : []), ...rest.splice(0, y ? 3 : 4)];
    const [first] = part as [readonly [Tensor, number]];
    const [a, b, c, d] = Array.from({ length: 4 }, (_, i) => part[i] ?? ([first[0], 0] as const)) as [
      readonly [Tensor, number],
      readonly [Tensor, number],
      readonly [Tensor, number],
      readonly [Tensor, number],
    ];
    y = tape.empty([1], 'weighted_sum');
    tape.dispatch(kernels['reduce/weighted_sum'], {
      bindings: { a: a[0], b: b[0], c: c[0], d: d[0], y },
      uniforms: { terms: part.length, fa: a[1], fb: b[1], fc: c[1], fd: d[1] },
      workgroups: [1, 1, 1],
      label: 'weighted_sum',
      flops: 2 * part.length,
    });
  }
  const inputs = Object.fromEntries(terms.map(([tensor], index) => [`x${index}`, tensor]));
  return tape.record('weighted_sum', inputs, y as Tensor, (dy) =>
    Object.fromEntries(
      terms.map(([, factor], index) => [
        `x${index}`,
        (into?: Tensor) => (factor === 1 && !into ? dy : scaled(tape, dy, factor, into)),
      ]),
    ),
  );
}

/** The sum over all but the last dimension, without a record: the gradient of a bias. */
export function sumRows(tape: Tape, x: Tensor, into?: Tensor): Tensor {
  const columns = x.shape.at(-1) ?? 1;
  const y = into ?? tape.empty([columns], 'sum_rows');
  return reduceRows(tape, x, { rows: elements(x.shape) / columns, columns }, 1, y);
}

/** Rows that are summed in one pass: to read so many one after the other takes less time than another dispatch. */
const FEW_ROWS = { cpu: 256, gpu: 64 };

/** factor · Σ over the rows of x, seen as a matrix, written to y, without a record: in one dispatch, or two where rows are many. */
export function reduceRows(
  tape: Tape,
  x: Tensor,
  matrix: Matrix,
  factor: number,
  y: Tensor,
  label = 'sum_rows',
): Tensor {
  const { sums, width } = choose(tape, 'reduce', reduceCandidates, matrix);
  const { rows } = matrix;
  const columns = matrix.columns / width;
  const launch = (from: Tensor, to: Tensor, count: number, grid: ColumnGrid, by: number) =>
    tape.dispatch(sums, {
      bindings: { x: from, y: to },
      uniforms: { rows: count, columns, chunk_rows: grid.chunkRows, factor: by },
      constants: grid.constants,
      workgroups: grid.workgroups,
      label,
      flops: count * matrix.columns,
    });
  const gridOf = rows <= FEW_ROWS[tape.target.kind] ? wholeGrid : reductionGrid;
  const grid = gridOf(tape.target, { rows, columns, width });
  if (grid.chunks === 1) launch(x, y, rows, grid, factor);
  else {
    const partials = tape.empty([grid.chunks, matrix.columns], `${label}.partials`);
    launch(x, partials, rows, grid, 1);
    launch(partials, y, grid.chunks, wholeGrid(tape.target, { rows: grid.chunks, columns, width }), factor);
  }
  return y;
}

/**
 * The gradients of a normalisation's weight and bias out of the partial sums of its backward pass, [count][bias, weight][columns].
 * A gradient that has its place may be left to a later kernel of the same record, which takes `targets` and writes them;
 * one without may be read at once, so it is computed at once.
 */
export function affineGradients(
  tape: Tape,
  op: string,
  columns: number,
  partials: () => { readonly sums: Tensor; readonly count: number },
) {
  const summed = once(partials);
  const wanted: { dweight?: Tensor; dbias?: Tensor } = {};
  const targets = () => ({
    dweight: wanted.dweight ?? tape.empty([columns], `${op}.weight.grad`),
    dbias: wanted.dbias ?? tape.empty([columns], `${op}.bias.grad`),
  });
  const compute = () => {
    const { sums, count } = summed();
    const grid = wholeGrid(tape.target, { rows: count, columns, width: 1 });
    const made = targets();
    tape.dispatch(kernels['reduce/affine_gradients'], {
      bindings: { sums, ...made },
      uniforms: { columns, sums: count },
      constants: grid.constants,
      workgroups: grid.workgroups,
      label: `${op}.backward_parameters`,
    });
    return made;
  };
  const unplaced = once(compute);
  return {
    targets,
    /** The thunk of one of the two; `isLast` where no later kernel of this record writes it. */
    thunk: (name: 'dweight' | 'dbias', isLast: boolean) => (into?: Tensor) => {
      if (!into) return unplaced()[name];
      wanted[name] = into;
      return isLast ? compute()[name] : into;
    },
  };
}

/** `make`, called at most once. */
export function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
