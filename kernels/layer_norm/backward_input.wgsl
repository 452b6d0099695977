// Layer normalisation's gradient by x: with g = dy · weight and x̂ = (x - mean) / sqrt(var + eps), means along the row,
//   dx = (g - mean(g) - x̂ mean(g x̂)) / sqrt(var + eps). Layout: dy, x, dx [rows, width], `saved` as in forward.wgsl.
// Scheme: lib/rows.wgsl, two sweeps of a row, the second from cache. Traffic: dy, x and dx once; bound by bandwidth.
// Needs a multiple of 4 columns; backward_input_scalar.wgsl takes any.

// @include lib/vec4.wgsl
// Values of four neighbouring columns.
alias Value = vec4f;

fn horizontal_sum(value: Value) -> f32 {
  return dot(value, vec4f(1.0));
}

fn horizontal_max(value: Value) -> f32 {
  return max(max(value.x, value.y), max(value.z, value.w));
}

fn product_sum(a: Value, b: Value) -> f32 {
  return dot(a, b);
}
// @end

// @include lib/layer_norm/backward_input.wgsl
struct Params {
  rows: u32,
  columns: u32,
  width: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<Value>;
@group(0) @binding(2) var<storage, read> x: array<Value>;
@group(0) @binding(3) var<storage, read> weight: array<Value>;
@group(0) @binding(4) var<storage, read> saved: array<vec2f>;
@group(0) @binding(5) var<storage, read_write> dx: array<Value>;

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
  let inside = min(row, params.rows - 1u);
  let row_start = inside * params.columns;
  let part = lane % LANES;
  let mean = saved[inside].x;
  let inverse_deviation = saved[inside].y;
  var sum = Value(0.0);
  var products = Value(0.0);
  for (var c = part; c < params.columns; c += LANES) {
    let gradient = dy[row_start + c] * weight[c];
    sum += gradient;
    products += gradient * (x[row_start + c] - mean);
  }
  let share = 1.0 / f32(params.width);
  let mean_gradient = sum_lanes(horizontal_sum(sum), lane) * share;
  let slope = sum_lanes(horizontal_sum(products), lane) * share * inverse_deviation * inverse_deviation;
  // Rows beyond the last one get no columns.
  let end = select(0u, params.columns, row < params.rows);
  for (var c = part; c < end; c += LANES) {
    let gradient = dy[row_start + c] * weight[c];
    dx[row_start + c] = inverse_deviation * (gradient - mean_gradient - slope * (x[row_start + c] - mean));
  }
}
// @end
