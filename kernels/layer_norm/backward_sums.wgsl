// Layer normalisation's gradients by weight and bias, partial sums over chunks of rows (reduce/affine_gradients.wgsl adds them):
//   sums[chunk][0][c] = Σ dy, sums[chunk][1][c] = Σ dy x̂. Layout: dy, x [rows, width], `saved` as in forward.wgsl.
// Scheme: lib/columns.wgsl. Traffic: dy and x once; bound by bandwidth.
// Columns are taken by fours and are a multiple of 4; with SCALAR one by one, any number.
//
// @kernel backward_sums
// @kernel backward_sums_scalar SCALAR
// @include lib/value.wgsl

struct Params {
  rows: u32,
  columns: u32,
  chunk_rows: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<Value>;
@group(0) @binding(2) var<storage, read> x: array<Value>;
@group(0) @binding(3) var<storage, read> saved: array<vec2f>;
@group(0) @binding(4) var<storage, read_write> sums: array<Value>;

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
  var products = Value(0.0);
  for (var row = first; row < end; row += ROW_LANES) {
    let gradient = dy[at];
    let statistics = saved[row];
    sum += gradient;
    products += gradient * ((x[at] - statistics.x) * statistics.y);
    at += stride;
  }
  sum = sum_row_lanes(sum, lane);
  products = sum_row_lanes(products, lane);
  if (column < params.columns && row_lane == 0u) {
    let to = 2u * chunk * params.columns + column;
    sums[to] = sum;
    sums[to + params.columns] = products;
  }
}
