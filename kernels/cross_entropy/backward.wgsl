// The gradient of the mean cross entropy with respect to the logits:
//   dlogits[row][c] = dy[0] / rows · (Σ q · softmax(z)_c - q_c), with q and `saved` as in forward.wgsl.
// Scheme: lib/rows.wgsl, no reduction. Traffic: logits, dlogits [and probabilities] once.

const PROBABILITIES: u32 = 0u; // @tune

struct Params {
  rows: u32,
  columns: u32,
  smoothing: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> logits: array<f32>;
@group(0) @binding(3) var<storage, read> labels: array<u32>;
@group(0) @binding(4) var<storage, read> saved: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> dlogits: array<f32>;

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
  let label = select(labels[inside], 0u, PROBABILITIES == 1u);
  let counted = select(0.0, 1.0, label < params.columns);
  let uniform_share = counted * params.smoothing / f32(params.columns);
  let own_share = counted * (1.0 - params.smoothing);
  let row_saved = saved[inside];
  let factor = dy[0] / f32(params.rows);
  // Rows beyond the last one get no columns.
  let end = select(0u, params.columns, row < params.rows);
  for (var c = lane % LANES; c < end; c += LANES) {
    var hit = select(0.0, 1.0, c == label);
    if (PROBABILITIES == 1u) {
      hit = bitcast<f32>(labels[row_start + c]);
    }
    let probability = exp(logits[row_start + c] - row_saved.x - row_saved.y);
    dlogits[row_start + c] = factor * (row_saved.z * probability - own_share * hit - uniform_share);
  }
}
