// y = softmax(factor · x) along the rows of x [rows, columns], shifted by the row's largest value.
// Scheme: lib/rows.wgsl, three sweeps of a row, two of them from cache. Traffic: x and y once.
// Columns are taken by fours and are a multiple of 4; with SCALAR one by one, any number.
//
// @kernel forward
// @kernel forward_scalar SCALAR
// @include lib/value.wgsl

struct Params {
  rows: u32,
  columns: u32,
  factor: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Value>;
@group(0) @binding(2) var<storage, read_write> y: array<Value>;

// @include lib/rows.wgsl
// @include lib/nan.wgsl

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = workgroup_index(wid, nwg) * ROWS + lane / LANES;
  let row_start = min(row, params.rows - 1u) * params.columns;
  let part = lane % LANES;
  var highest = Value(-3.4028234e38);
  for (var c = part; c < params.columns; c += LANES) {
    highest = max(highest, params.factor * x[row_start + c]);
  }
  let largest = Value(max_lanes(horizontal_max(highest), lane));
  var exponentials = Value(0.0);
  for (var c = part; c < params.columns; c += LANES) {
    exponentials += exponential(params.factor * x[row_start + c] - largest);
  }
  let share = 1.0 / sum_lanes(horizontal_sum(exponentials), lane);
  // Rows beyond the last one get no columns.
  let end = select(0u, params.columns, row < params.rows);
  for (var c = part; c < end; c += LANES) {
    y[row_start + c] = exponential(params.factor * x[row_start + c] - largest) * share;
  }
}
