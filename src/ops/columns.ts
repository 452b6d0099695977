import { grid, type Target, tile, type Workgroups } from '../gpu/kernel/target.ts';

/** How kernels with `lib/columns.wgsl` cover a tensor of rows × columns (columns counted in f32s or vec4s). */
export interface ColumnGrid {
  readonly constants: { readonly COLUMN_LANES: number; readonly ROW_LANES: number };
  readonly workgroups: Workgroups;
  /** Rows of a chunk, and how many chunks there are (of each group). */
  readonly chunkRows: number;
  readonly chunks: number;
}

interface Shape {
  readonly rows: number;
  readonly columns: number;
  /** f32s of a column: 1 or 4. */
  readonly width: number;
  /** Tensors of this shape one after the other, whose rows share no chunk; 1 unless given. */
  readonly groups?: number;
}

/** For reductions: few chunks, since whoever reads their results reads all of them. */
export const reductionGrid = (target: Target, shape: Shape): ColumnGrid =>
  columnGrid(target, shape, target.kind === 'cpu' ? { total: 32, most: 32 } : { total: 1024, most: 128 });

/** For maps, which may have many chunks. */
export const mapGrid = (target: Target, shape: Shape): ColumnGrid =>
  columnGrid(target, shape, target.kind === 'cpu' ? { total: 64, most: 64 } : { total: 2048, most: 2048 });

/** One chunk holds all rows. */
export const wholeGrid = (target: Target, shape: Shape): ColumnGrid => columnGrid(target, shape, { total: 1, most: 1 });

/** A chunk an image, whose pixels are `shape.rows`. */
export function imageGrid(target: Target, shape: Shape, images: number): Pick<ColumnGrid, 'constants' | 'workgroups'> {
  const { constants, blocks } = blocksOf(target, shape);
  return { constants, workgroups: grid(target, blocks * images) };
}

function columnGrid(
  target: Target,
  { rows, columns, width, groups = 1 }: Shape,
  { total, most }: { total: number; most: number },
): ColumnGrid {
  const { constants, blocks } = blocksOf(target, { columns, width });
  const { ROW_LANES } = constants;
  const wanted = Math.min(most, Math.ceil(total / blocks / groups), Math.ceil(rows / (ROW_LANES * ROWS_OF_A_LANE)));
  const chunkRows = Math.ceil(rows / wanted / ROW_LANES) * ROW_LANES;
  const chunks = Math.ceil(rows / chunkRows);
  return { constants, workgroups: grid(target, blocks * chunks * groups), chunkRows, chunks };
}

/** Blocks of columns side by side, a workgroup each. */
function blocksOf(target: Target, { columns, width }: Pick<Shape, 'columns' | 'width'>) {
  // On a processor lanes are few and barriers dear; a GPU wants 256 bytes in a row and many rows in flight.
  const [lanes, invocations] = target.kind === 'cpu' ? [8, 4] : [64 / width, 128];
  const across = Math.min(lanes, powerAbove(columns));
  const constants = tile(target, { COLUMN_LANES: across, ROW_LANES: Math.max(1, invocations / across) });
  return { constants, blocks: Math.ceil(columns / constants.COLUMN_LANES) };
}

/** A lane should have some rows to make up for combining its column's partials. */
const ROWS_OF_A_LANE = 8;

const powerAbove = (count: number) => 2 ** Math.ceil(Math.log2(count));
