// losses[i] = max(0, margin + ‖v_i - v_p‖² - ‖v_i - v_q‖²) with the rows p and q that `positive` and `negative` name for i; where
// q is -1, v_q is 0.
// Layout: v [rows, columns], positive and negative i32 [rows].
// Scheme: lib/rows.wgsl, one sweep. Traffic: three rows of v an anchor, mostly from cache.
// Source: mix-and-match tuning, Zhan et al., arXiv 1712.00661.
//
// @kernel forward

struct Params {
  rows: u32,
  columns: u32,
  margin: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> v: array<f32>;
@group(0) @binding(2) var<storage, read> positive: array<i32>;
@group(0) @binding(3) var<storage, read> negative: array<i32>;
@group(0) @binding(4) var<storage, read_write> losses: array<f32>;

alias Value = f32;
// @include lib/rows.wgsl
// @include lib/relu.wgsl

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let found = workgroup_index(wid, nwg) * ROWS + lane / LANES;
  let row = min(found, params.rows - 1u);
  let p = u32(positive[row]) * params.columns;
  let has_negative = negative[row] >= 0;
  let q = u32(max(negative[row], 0)) * params.columns;
  var difference = 0.0;
  for (var c = lane % LANES; c < params.columns; c += LANES) {
    let own = v[row * params.columns + c];
    let near = own - v[p + c];
    let far = own - select(0.0, v[q + c], has_negative);
    difference += near * near - far * far;
  }
  let loss = params.margin + sum_lanes(difference, lane);
  if ((lane % LANES == 0u) & (found < params.rows)) {
    losses[row] = relu(loss);
  }
}
