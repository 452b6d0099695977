// The gradient of factor / 2 · Σ weight_c (student - teacher)² by the student: dy factor weight_c (student - teacher).
// Layout: as distance.wgsl. Scheme: lib/rows.wgsl, no reduction. Traffic: 12 bytes an element; bound by bandwidth.
//
// @kernel backward

const WEIGHTED: u32 = 1u; // @tune

struct Params {
  rows: u32,
  columns: u32,
  factor: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> student: array<f32>;
@group(0) @binding(2) var<storage, read> teacher: array<f32>;
@group(0) @binding(3) var<storage, read> weights: array<f32>;
@group(0) @binding(4) var<storage, read> dy: array<f32>;
@group(0) @binding(5) var<storage, read_write> dx: array<f32>;

// @include lib/rows.wgsl

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = workgroup_index(wid, nwg) * ROWS + lane / LANES;
  let start = row * params.columns;
  let factor = dy[0] * params.factor;
  // Rows beyond the last one get no columns.
  let end = select(0u, params.columns, row < params.rows);
  for (var c = lane % LANES; c < end; c += LANES) {
    let weight = select(1.0, weights[c], WEIGHTED == 1u);
    dx[start + c] = factor * weight * (student[start + c] - teacher[start + c]);
  }
}
