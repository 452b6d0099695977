// The gradient of softmax along rows: dx = y (dy - Σ dy y); dy, y, dx [rows, columns].
// Scheme: lib/rows.wgsl, two sweeps of a row, the second from cache. Traffic: dy, y and dx once.
// Needs a multiple of 4 columns; backward_scalar.wgsl takes any.

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

// @include lib/softmax/backward.wgsl
struct Params {
  rows: u32,
  columns: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<Value>;
@group(0) @binding(2) var<storage, read> y: array<Value>;
@group(0) @binding(3) var<storage, read_write> dx: array<Value>;

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
  var products = Value(0.0);
  for (var c = part; c < params.columns; c += LANES) {
    products += dy[row_start + c] * y[row_start + c];
  }
  let product = Value(sum_lanes(horizontal_sum(products), lane));
  // Rows beyond the last one get no columns.
  let end = select(0u, params.columns, row < params.rows);
  for (var c = part; c < end; c += LANES) {
    dx[row_start + c] = y[row_start + c] * (dy[row_start + c] - product);
  }
}
// @end
