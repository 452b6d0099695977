import { grid, type Target, tile, type Workgroups } from '../gpu/kernel/target.ts';
import { elements, type Tensor } from '../tape/tensor.ts';

/** How kernels with `lib/rows.wgsl` cover rows × columns (columns counted in the values that a lane reads). */
export interface RowGrid {
  readonly constants: { readonly WORKGROUP: number; readonly LANES: number };
  readonly workgroups: Workgroups;
}

export function rowGrid(target: Target, rows: number, columns: number): RowGrid {
  // On a processor a lane takes a row alone, without barriers; on a GPU neighbours read neighbouring elements.
  const cpu = target.kind === 'cpu';
  const lanes = cpu ? 1 : Math.min(64, 2 ** Math.ceil(Math.log2(columns)));
  const { WORKGROUP, LANES } = tile(target, { WORKGROUP: cpu ? 8 : 64, LANES: lanes });
  return { constants: { WORKGROUP, LANES }, workgroups: grid(target, Math.ceil((rows * LANES) / WORKGROUP)) };
}

/** Rows and row length of a tensor whose last dimension is a row. */
export function rowsOf({ shape }: Tensor): { rows: number; columns: number } {
  const columns = shape.at(-1) ?? 1;
  return { rows: elements(shape) / columns, columns };
}
