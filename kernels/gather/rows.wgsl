// y[batch][row] = x[batch][source], zeros or `fill` where source is no row of x: permuting, selecting and restoring rows, and all of
// these backwards. source = index[batch][offset + row] with INDEXED, else offset + row: a stretch of rows.
// Layout: x [batches, from_rows, columns], y [batches, rows, columns], index i32 [batches, index_row], fill [columns].
// Scheme: lib/rows.wgsl, a row of y each. Traffic: y and as much of x once.
// Columns are taken by fours and are a multiple of 4; with SCALAR one by one, any number.
//
// @kernel indexed INDEXED
// @kernel indexed_scalar INDEXED SCALAR
// @kernel stretch
// @kernel stretch_scalar SCALAR
// @include lib/value.wgsl

// 1 where rows without a source become `fill`.
const FILL: u32 = 0u; // @tune

struct Params {
  rows: u32,
  from_rows: u32,
  // Rows of y in all.
  all_rows: u32,
  columns: u32,
  // @if INDEXED
  index_row: u32,
  // @end
  offset: i32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Value>;
@group(0) @binding(2) var<storage, read> fill: array<Value>;
@group(0) @binding(3) var<storage, read_write> y: array<Value>;
// @if INDEXED
@group(0) @binding(4) var<storage, read> index: array<i32>;
// @end

// @include lib/rows.wgsl

fn source_of(batch: u32, row: u32) -> i32 {
  // @if INDEXED
  return index[i32(batch * params.index_row + row) + params.offset];
  // @else
  return params.offset + i32(row);
  // @end
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let place = workgroup_index(wid, nwg) * ROWS + lane / LANES;
  let inside = min(place, params.all_rows - 1u);
  let batch = inside / params.rows;
  let source = source_of(batch, inside % params.rows);
  let is_row = (source >= 0) & (source < i32(params.from_rows));
  let from_row = (batch * params.from_rows + u32(select(0, source, is_row))) * params.columns;
  let to = inside * params.columns;
  // Rows beyond the last one get no columns.
  let end = select(0u, params.columns, place < params.all_rows);
  for (var column = lane % LANES; column < end; column += LANES) {
    var otherwise = Value();
    if (FILL == 1u) {
      otherwise = fill[column];
    }
    y[to + column] = select(otherwise, x[from_row + column], is_row);
  }
}
