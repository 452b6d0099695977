// What each row's own key contributes to the gradient of a mean contrastive loss, at either of its sides:
//   dv_i = dy[0] / (rows · temperature) · (exp(t_i - largest_i) / Σ_i - 1 / (length + 1)) · u_i,
// with the statistics of queue_contrast/statistics, where the own key is one of length + 1 positives.
// Layout: u, dv [rows, d]. Scheme: lib/rows.wgsl, no reduction. Traffic: u and dv once.
//
// @kernel own_key

struct Params {
  rows: u32,
  d: u32,
  length: u32,
  inverse_temperature: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> statistics: array<vec4f>;
@group(0) @binding(3) var<storage, read> u: array<f32>;
@group(0) @binding(4) var<storage, read_write> dv: array<f32>;

// @include lib/rows.wgsl

alias Value = f32;

// @include lib/nan.wgsl

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = workgroup_index(wid, nwg) * ROWS + lane / LANES;
  let inside = min(row, params.rows - 1u);
  let found = statistics[inside];
  let probability = exponential(found.z - found.x) / found.y;
  let factor = dy[0] * params.inverse_temperature / f32(params.rows) * (probability - 1.0 / f32(params.length + 1u));
  let start = inside * params.d;
  // Rows beyond the last one get no columns.
  let end = select(0u, params.d, row < params.rows);
  for (var c = lane % LANES; c < end; c += LANES) {
    dv[start + c] = factor * u[start + c];
  }
}
