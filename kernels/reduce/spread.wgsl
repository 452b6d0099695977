// The gradient of column_sums.wgsl: y[row][c] = factor · x[row / chunk_rows][c].
// Scheme: lib/columns.wgsl, a chunk is one row of x. Traffic: y once; bound by bandwidth.
// Columns are taken by fours and are a multiple of 4; with SCALAR one by one, any number.
//
// @kernel spread
// @kernel spread_scalar SCALAR
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
  let inside = min(column, params.columns - 1u);
  // Lanes beyond the last column get no rows.
  let end = select(0u, min((chunk + 1u) * params.chunk_rows, params.rows), column < params.columns);
  let first = chunk * params.chunk_rows + lane / COLUMN_LANES;
  let stride = ROW_LANES * params.columns;
  let value = x[chunk * params.columns + inside] * params.factor;
  var at = first * params.columns + inside;
  for (var row = first; row < end; row += ROW_LANES) {
    y[at] = value;
    at += stride;
  }
}
