// forward.wgsl for any number of columns, one at a time: see there.

// @include lib/scalar.wgsl
// Values of one column.
alias Value = f32;

fn horizontal_sum(value: Value) -> f32 {
  return value;
}

fn horizontal_max(value: Value) -> f32 {
  return value;
}

fn product_sum(a: Value, b: Value) -> f32 {
  return a * b;
}
// @end

// @include lib/layer_norm/forward.wgsl
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
// Work along the rows of a row-major [rows, columns] tensor: LANES neighbouring invocations take a row together, element by
// element in turn; a workgroup takes WORKGROUP / LANES rows. Software drivers set LANES to 1: then there is no barrier. No
// invocation returns early, so that control flow stays uniform; those beyond the last row repeat it and write nothing.
const WORKGROUP: u32 = 64u; // @tune
const LANES: u32 = 32u; // @tune
const ROWS: u32 = WORKGROUP / LANES;

// @include lib/grid.wgsl
// Folded grids: a dispatch that needs more workgroups than one dimension may hold (65,535) spreads them over x and y.

// The workgroup's number in x-major order. The last row may run past the count that is needed, so kernels check their
// bounds.
fn workgroup_index(wid: vec3u, nwg: vec3u) -> u32 {
  return wid.x + wid.y * nwg.x;
}
// @end

var<workgroup> lane_values: array<f32, WORKGROUP>;

// The sum over the lanes of a row, always in the order of the lanes; every lane gets it.
fn sum_lanes(value: f32, lane: u32) -> f32 {
  if (LANES == 1u) {
    return value;
  }
  lane_values[lane] = value;
  workgroupBarrier();
  let first = lane / LANES * LANES;
  var total = 0.0;
  for (var i = first; i < first + LANES; i++) {
    total += lane_values[i];
  }
  workgroupBarrier();
  return total;
}

// The largest value of a row's lanes; every lane gets it.
fn max_lanes(value: f32, lane: u32) -> f32 {
  if (LANES == 1u) {
    return value;
  }
  lane_values[lane] = value;
  workgroupBarrier();
  let first = lane / LANES * LANES;
  var largest = value;
  for (var i = first; i < first + LANES; i++) {
    largest = max(largest, lane_values[i]);
  }
  workgroupBarrier();
  return largest;
}
// @end

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
  let inverse_deviation = inverseSqrt(max(variance, 0.0) + params.eps);
  // Rows beyond the last one get no columns.
  let end = select(0u, params.columns, row < params.rows);
  for (var c = part; c < end; c += LANES) {
    y[row_start + c] = (x[row_start + c] - rough - correction) * inverse_deviation * weight[c] + bias[c];
  }
  if (row < params.rows && part == 0u) {
    saved[row] = vec2f(rough + correction, inverse_deviation);
  }
}
// @end
