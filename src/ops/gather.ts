import * as kernels from '../gpu/kernel/generated/kernels.ts';
import { grid, tile } from '../gpu/kernel/target.ts';
import { shapeError, type Tape } from '../tape/tape.ts';
import { elements, type Shape, showShape, type Tensor } from '../tape/tensor.ts';
import { sumRows } from './reduce.ts';
import { rowGrid } from './rows.ts';

/** A permutation of n rows, or of each batch's, and its inverse: i32 [n] or [batches, n], as `argsort` gives them. */
export interface Permutation {
  /** Which row comes r-th. */
  readonly order: Tensor;
  /** Where each row comes. */
  readonly rank: Tensor;
}

/** Rows of a gather: from which place of each batch's index, or of its rows where there is no index. */
interface Source {
  readonly index?: Tensor;
  readonly offset?: number;
  /** [columns], for rows that have no source. */
  readonly fill?: Tensor;
}

/**
 * The first `count` rows of x in the order of a permutation, or all: x [n, ...] becomes [count, ...], and with a permutation
 * [batches, n] each batch of x [batches, n, ...] by itself. Throws where shapes do not fit.
 */
export function permuteRows(tape: Tape, x: Tensor, { order, rank }: Permutation, count?: number): Tensor {
  const shape = rowsAfter(x, order, 'permute_rows');
  const rows = order.shape.at(-1) as number;
  if (x.shape[order.shape.length - 1] !== rows)
    throw shapeError('permute_rows', 'x', x.shape, `its rows must be the ${rows} that are permuted`);
  const kept = count ?? rows;
  const y = gather(tape, x, shape(kept), kept, { index: order }, 'permute_rows');
  return tape.record('permute_rows', { x, order, rank }, y, (dy) => ({
    x: (into) => gather(tape, dy, x.shape, rows, { index: rank }, 'permute_rows.backward', into),
  }));
}

/**
 * Undoes `permuteRows`: rows x [count, ...] go back to where they were among all, those that were left out become `fill`
 * [...]. Throws where shapes do not fit.
 */
export function restoreRows(tape: Tape, x: Tensor, { order, rank }: Permutation, fill?: Tensor): Tensor {
  const shape = rowsAfter(x, order, 'restore_rows');
  const rows = order.shape.at(-1) as number;
  const kept = x.shape[order.shape.length - 1] as number;
  const left = rows - kept;
  const columns = elements(x.shape.slice(order.shape.length));
  if (left < 0 || (left > 0 && !fill))
    throw shapeError('restore_rows', 'x', x.shape, `there are ${rows} rows, and those left out need a fill`);
  if (fill && elements(fill.shape) !== columns)
    throw shapeError('restore_rows', 'fill', fill.shape, `a row has ${columns} elements`);
  const used: { fill: Tensor } | undefined = fill && left > 0 ? { fill } : undefined;
  const y = gather(tape, x, shape(rows), rows, { index: rank, ...used }, 'restore_rows');
  const inputs: Record<string, Tensor> = { x, order, rank, ...used };
  return tape.record('restore_rows', inputs, y, (dy) => ({
    x: (into) => gather(tape, dy, x.shape, kept, { index: order }, 'restore_rows.backward', into),
    fill: (into) => {
      const hidden = [...order.shape.slice(0, -1), left, columns];
      const rest = gather(tape, dy, hidden, left, { index: order, offset: kept }, 'restore_rows.backward_fill');
      return sumRows(tape, rest, into ?? tape.empty((fill as Tensor).shape, 'restore_rows.fill.grad'));
    },
  }));
}

/** The rows `first` to `first + count - 1` of x [n, ...]. Throws where x has fewer. */
export function sliceRows(tape: Tape, x: Tensor, first: number, count: number): Tensor {
  const [rows = 0, ...columns] = x.shape;
  if (first < 0 || count < 1 || first + count > rows)
    throw shapeError('slice_rows', 'x', x.shape, `it must have the rows ${first} to ${first + count - 1}`);
  const y = gather(tape, x, [count, ...columns], count, { offset: first }, 'slice_rows');
  return tape.record('slice_rows', { x }, y, (dy) => ({
    x: (into) => gather(tape, dy, x.shape, rows, { offset: -first }, 'slice_rows.backward', into),
  }));
}

/** The integers `first` to `first + count - 1` of x [n], such as the labels of one view of several. Throws where x has fewer. */
export function sliceIntegers(tape: Tape, x: Tensor, first: number, count: number): Tensor {
  if (x.shape.length !== 1 || first < 0 || count < 1 || first + count > (x.shape[0] as number))
    throw shapeError('slice_integers', 'x', x.shape, `it must have the elements ${first} to ${first + count - 1}`);
  const y = tape.empty([count], 'slice_integers', 'i32');
  const { WORKGROUP } = tile(tape.target, { WORKGROUP: tape.target.kind === 'cpu' ? 8 : 64 });
  tape.dispatch(kernels['gather/integers'], {
    bindings: { x, y },
    uniforms: { count, first },
    constants: { WORKGROUP },
    workgroups: grid(tape.target, Math.ceil(count / WORKGROUP)),
    label: 'slice_integers',
  });
  return y;
}

/** Checks that x has the permutation's batches; the shape of x with so many rows in each. */
function rowsAfter(x: Tensor, order: Tensor, op: string): (rows: number) => Shape {
  const batches = order.shape.slice(0, -1);
  if (order.shape.length > 2 || showShape(x.shape.slice(0, batches.length)) !== showShape(batches))
    throw shapeError(op, 'x', x.shape, `the permutation is ${showShape(order.shape)}`);
  return (rows) => [...batches, rows, ...x.shape.slice(order.shape.length)];
}

/** Launches kernels/gather/rows.wgsl for `rows` rows a batch, without a record. */
function gather(
  tape: Tape,
  x: Tensor,
  shape: Shape,
  rows: number,
  { index, offset = 0, fill }: Source,
  label: string,
  y: Tensor = tape.empty(shape, label),
): Tensor {
  const batches = index ? elements(index.shape.slice(0, -1)) : 1;
  const width = elements(shape) / (batches * rows);
  const byFours = width % 4 === 0;
  const columns = byFours ? width / 4 : width;
  const sizes = { rows, from_rows: elements(x.shape) / (batches * width), all_rows: batches * rows, columns, offset };
  const { constants, workgroups } = rowGrid(tape.target, batches * rows, columns);
  const launch = { constants: { ...constants, FILL: fill ? 1 : 0 }, workgroups, label };
  const bindings = { x, fill: fill ?? x, y };
  if (index)
    tape.dispatch(byFours ? kernels['gather/indexed'] : kernels['gather/indexed_scalar'], {
      ...launch,
      bindings: { ...bindings, index },
      uniforms: { ...sizes, index_row: index.shape.at(-1) as number },
    });
  else
    tape.dispatch(byFours ? kernels['gather/stretch'] : kernels['gather/stretch_scalar'], {
      ...launch,
      bindings,
      uniforms: sizes,
    });
  return y;
}
