// Σ over the channels of a place of weight_c (student - teacher)²: sums[row].
// Layout: both [rows, columns], a row a place of an image's feature map, a column a channel; weights [columns], all 1 where WEIGHTED
// is 0. Scheme: lib/rows.wgsl, one sweep. Traffic: 8 bytes an element; bound by bandwidth.
// Source: DELTA, Li et al., arXiv 1901.09229, equation 5.
//
// @kernel distance

const WEIGHTED: u32 = 1u; // @tune

struct Params {
  rows: u32,
  columns: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> student: array<f32>;
@group(0) @binding(2) var<storage, read> teacher: array<f32>;
@group(0) @binding(3) var<storage, read> weights: array<f32>;
@group(0) @binding(4) var<storage, read_write> sums: array<f32>;

// @include lib/rows.wgsl

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = workgroup_index(wid, nwg) * ROWS + lane / LANES;
  let start = min(row, params.rows - 1u) * params.columns;
  var sum = 0.0;
  for (var c = lane % LANES; c < params.columns; c += LANES) {
    let d = student[start + c] - teacher[start + c];
    sum += select(1.0, weights[c], WEIGHTED == 1u) * d * d;
  }
  let total = sum_lanes(sum, lane);
  if ((lane % LANES == 0u) & (row < params.rows)) {
    sums[row] = total;
  }
}
