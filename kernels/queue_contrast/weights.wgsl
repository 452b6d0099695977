// The gradient of the mean loss of queue_contrast/statistics at a strip of similarities, in place: s_ij becomes
//   dy[0] / (rows · temperature) · (softmax_ij - [j is of i's class] / (length + 1)), without the second term but for CLASSES.
// Layout: as statistics.wgsl. Scheme: lib/rows.wgsl, no reduction. Traffic: s once each way.
//
// @kernel weights
// @kernel weights_classes CLASSES

struct Params {
  rows: u32,
  columns: u32,
  // @if CLASSES
  first: u32,
  length: u32,
  // @end
  inverse_temperature: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> statistics: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> s: array<f32>;
// @if CLASSES
@group(0) @binding(4) var<storage, read> labels: array<i32>;
// @end

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
  // @if CLASSES
  let label = u32(labels[inside]);
  let share = 1.0 / f32(params.length + 1u);
  // @end
  let factor = dy[0] * params.inverse_temperature / f32(params.rows);
  let start = inside * params.columns;
  // Rows beyond the last one get no columns.
  let end = select(0u, params.columns, row < params.rows);
  for (var c = lane % LANES; c < end; c += LANES) {
    var excess = exponential(s[start + c] * params.inverse_temperature - found.x) / found.y;
    // @if CLASSES
    excess -= select(0.0, share, (params.first + c) / params.length == label);
    // @end
    s[start + c] = factor * excess;
  }
}
