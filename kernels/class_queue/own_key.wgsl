// What the similarity with the own key contributes to the gradient of the mean loss of class_queue/statistics, at either of its sides:
//   dx_i = dy[0] / (rows · temperature) · (softmax_i - 1 / (length + 1)) · other_i.
// Layout: other, dx [rows, d]. Scheme: lib/rows.wgsl, no reduction. Traffic: other and dx once.
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
@group(0) @binding(3) var<storage, read> other: array<f32>;
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;

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
  let share = 1.0 / f32(params.length + 1u);
  let factor = dy[0] * params.inverse_temperature / f32(params.rows) * (probability - share);
  let start = inside * params.d;
  // Rows beyond the last one get no columns.
  let end = select(0u, params.d, row < params.rows);
  for (var c = lane % LANES; c < end; c += LANES) {
    dx[start + c] = factor * other[start + c];
  }
}
