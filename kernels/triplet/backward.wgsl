// The gradient of factor · Σ losses of triplet/forward: for each anchor a with a loss above 0 and its rows p and q,
//   2 (q - p) at a, -2 (a - p) at p, 2 (a - q) at q, times dy · factor.
// Layout: as forward. Scheme: lib/rows.wgsl; each row looks through all anchors for those that it takes part in, so that nothing
// is added by two invocations. Traffic: v once a column from memory, n anchors a row from cache: n² comparisons a column of a batch.
//
// @kernel backward

struct Params {
  rows: u32,
  columns: u32,
  factor: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> v: array<f32>;
@group(0) @binding(3) var<storage, read> positive: array<i32>;
@group(0) @binding(4) var<storage, read> negative: array<i32>;
@group(0) @binding(5) var<storage, read> losses: array<f32>;
@group(0) @binding(6) var<storage, read_write> dv: array<f32>;

alias Value = f32;
// @include lib/rows.wgsl
// @include lib/relu.wgsl

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = workgroup_index(wid, nwg) * ROWS + lane / LANES;
  let factor = 2.0 * dy[0] * params.factor;
  // Rows beyond the last one get no columns.
  let end = select(0u, params.columns, row < params.rows);
  for (var c = lane % LANES; c < end; c += LANES) {
    let own = v[row * params.columns + c];
    var sum = 0.0;
    for (var i = 0u; i < params.rows; i++) {
      let p = positive[i];
      let q = negative[i];
      let anchor = v[i * params.columns + c];
      let near = v[u32(p) * params.columns + c];
      let far = select(0.0, v[u32(max(q, 0)) * params.columns + c], q >= 0);
      let at_anchor = select(0.0, far - near, i == row);
      let at_positive = select(0.0, anchor - own, p == i32(row));
      let at_negative = select(0.0, anchor - own, q == i32(row));
      sum += relu_gradient(at_anchor - at_positive + at_negative, losses[i]);
    }
    dv[row * params.columns + c] = factor * sum;
  }
}
