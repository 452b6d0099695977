// Layer normalisation of the rows of x [rows, width]: y = (x - mean) / sqrt(var + eps) · weight + bias, var the biased variance;
// columns are width by Values. saved[row] = (mean, 1 / sqrt(var + eps)) for the backward pass.
// Scheme: lib/rows.wgsl, three sweeps of a row, two of them from cache. Traffic: x and y once; bound by bandwidth.
// Columns are taken by fours and are a multiple of 4; with SCALAR one by one, any number.
//
// @kernel forward
// @kernel forward_scalar SCALAR
// @include lib/value.wgsl

struct Params {
  rows: u32,
  columns: u32,
  width: u32,
  eps: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Value>;
@group(0) @binding(2) var<storage, read> weight: array<Value>;
@group(0) @binding(3) var<storage, read> bias: array<Value>;
@group(0) @binding(4) var<storage, read_write> y: array<Value>;
@group(0) @binding(5) var<storage, read_write> saved: array<vec2f>;

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
  let share = 1.0 / f32(params.width);
  var sum = Value(0.0);
  for (var c = part; c < params.columns; c += LANES) {
    sum += x[row_start + c];
  }
  let rough = sum_lanes(horizontal_sum(sum), lane) * share;
  // Deviations from the rounded mean also tell how far it is off.
  var distances = Value(0.0);
  var squares = Value(0.0);
  for (var c = part; c < params.columns; c += LANES) {
    let distance = x[row_start + c] - rough;
    distances += distance;
    squares += distance * distance;
  }
  let correction = sum_lanes(horizontal_sum(distances), lane) * share;
  let variance = sum_lanes(horizontal_sum(squares), lane) * share - correction * correction;
  let inverse_deviation = inverseSqrt(select(variance, 0.0, variance < 0.0) + params.eps);
  // Rows beyond the last one get no columns.
  let end = select(0u, params.columns, row < params.rows);
  for (var c = part; c < end; c += LANES) {
    y[row_start + c] = (x[row_start + c] - rough - correction) * inverse_deviation * weight[c] + bias[c];
  }
  if (row < params.rows && part == 0u) {
    saved[row] = vec2f(rough + correction, inverse_deviation);
  }
}
