// Cross entropy of a row of logits z with class weights q, fused with log-softmax: loss = -Σ q_c log softmax(z)_c.
// q is the row of `labels` (probabilities), or one-hot at the row's label, mixed with the uniform distribution by `smoothing`.
// A label outside of the classes stands for no class: the row's loss and gradient are 0.
// Layout: logits [rows, columns]; labels i32 [rows] or f32 [rows, columns], read by their bits. saved[row] = (largest logit,
// log Σ exp(z - largest), Σ q, 0) for the backward pass; the loss is formed from differences to the largest logit, so it
// does not cancel. Scheme: lib/rows.wgsl, two sweeps of a row, the second from cache. Traffic: logits [and probabilities] once.

const PROBABILITIES: u32 = 0u; // @tune

struct Params {
  rows: u32,
  columns: u32,
  smoothing: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> logits: array<f32>;
@group(0) @binding(2) var<storage, read> labels: array<u32>;
@group(0) @binding(3) var<storage, read_write> losses: array<f32>;
@group(0) @binding(4) var<storage, read_write> saved: array<vec4f>;

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

  var largest = -3.4028234e38;
  for (var c = part; c < params.columns; c += LANES) {
    largest = max(largest, logits[row_start + c]);
  }
  largest = max_lanes(largest, lane);

  let label = select(labels[inside], 0u, PROBABILITIES == 1u);
  // 0 for a row without a class.
  let counted = select(0.0, 1.0, label < params.columns);
  let uniform_share = counted * params.smoothing / f32(params.columns);
  let own_share = counted * (1.0 - params.smoothing);
  var exponentials = 0.0;
  var weights = 0.0;
  var products = 0.0;
  for (var c = part; c < params.columns; c += LANES) {
    let distance = logits[row_start + c] - largest;
    var hit = select(0.0, 1.0, c == label);
    if (PROBABILITIES == 1u) {
      hit = bitcast<f32>(labels[row_start + c]);
    }
    let weight = own_share * hit + uniform_share;
    exponentials += exp(distance);
    weights += weight;
    products += weight * distance;
  }
  let log_sum = log(sum_lanes(exponentials, lane));
  weights = sum_lanes(weights, lane);
  products = sum_lanes(products, lane);
  if (row < params.rows && part == 0u) {
    losses[row] = weights * log_sum - products;
    saved[row] = vec4f(largest, log_sum, weights, 0.0);
  }
}
