// Sums down columns, by chunks of rows: y[chunk][c] = factor · Σ x[row][c] over the chunk's chunk_rows rows (the last chunk may
// have fewer). One chunk gives a column sum; a chunk an image gives global average pooling; partials are summed by a second run.
// Scheme: lib/columns.wgsl. Traffic: x once; bound by bandwidth.
// Columns are taken by fours and are a multiple of 4; with SCALAR one by one, any number.
//
// @kernel column_sums
// @kernel column_sums_scalar SCALAR
// @include lib/value.wgsl

struct Params {
  rows: u32,
  columns: u32,
  chunk_rows: u32,
  factor: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Value>;
@group(0) @binding(2) var<storage, read_write> y: array<Value>;

// @include lib/columns.wgsl

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let place = block_and_chunk(wid, nwg);
  let chunk = place.y;
  if (chunk * params.chunk_rows >= params.rows) {
    return;
  }
  let column = place.x * COLUMN_LANES + lane % COLUMN_LANES;
  let row_lane = lane / COLUMN_LANES;
  let end = min((chunk + 1u) * params.chunk_rows, params.rows);
  let first = chunk * params.chunk_rows + row_lane;
  let stride = ROW_LANES * params.columns;
  var at = first * params.columns + min(column, params.columns - 1u);
  var sum = Value(0.0);
  for (var row = first; row < end; row += ROW_LANES) {
    sum += x[at];
    at += stride;
  }
  sum = sum_row_lanes(sum, lane);
  if (column < params.columns && row_lane == 0u) {
    y[chunk * params.columns + column] = sum * params.factor;
  }
}
