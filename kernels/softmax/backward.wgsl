// The gradient of softmax(factor · x) along rows: dx = factor · y (dy - Σ dy y); dy, y, dx [rows, columns].
// Scheme: lib/rows.wgsl, two sweeps of a row, the second from cache. Traffic: dy, y and dx once.
// Columns are taken by fours and are a multiple of 4; with SCALAR one by one, any number.
//
// @kernel backward
// @kernel backward_scalar SCALAR
// @include lib/value.wgsl

struct Params {
  rows: u32,
  columns: u32,
  factor: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<Value>;
@group(0) @binding(2) var<storage, read> y: array<Value>;
@group(0) @binding(3) var<storage, read_write> dx: array<Value>;

// @include lib/rows.wgsl

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = workgroup_index(wid, nwg) * ROWS + lane / LANES;
  let row_start = min(row, params.rows - 1u) * params.columns;
  let part = lane % LANES;
  var products = Value(0.0);
  for (var c = part; c < params.columns; c += LANES) {
    products += dy[row_start + c] * y[row_start + c];
  }
  let product = Value(sum_lanes(horizontal_sum(products), lane));
  // Rows beyond the last one get no columns.
  let end = select(0u, params.columns, row < params.rows);
  for (var c = part; c < end; c += LANES) {
    dx[row_start + c] = params.factor * y[row_start + c] * (dy[row_start + c] - product);
  }
}
