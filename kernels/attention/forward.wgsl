// Attention, forward: y_i = Σ_j p_ij v_j with p_ij = softmax over j of scale · q_i·k_j, without a length × length buffer;
// lse[i] = log Σ_j exp(scale · q_i·k_j) is kept for the backward pass.
// Layout: q, k, v, y [batch, heads, length, d], d = DEPTH Values; rows = batch · heads · length.
// Scheme (FlashAttention's online softmax, Dao et al., arXiv 2205.14135): an invocation takes a query, keeps it and its sum in
// registers and streams over keys and values four at a time; neighbours read the same ones, so they come from cache.
// Traffic: q and y once; k and v once a workgroup.
// d is taken by fours and is a multiple of 4; with SCALAR one by one, any number.
//
// @kernel forward
// @kernel forward_scalar SCALAR
// @include lib/value.wgsl
// @include attention/problem.wgsl

@group(0) @binding(1) var<storage, read> q: array<Value>;
@group(0) @binding(2) var<storage, read> k: array<Value>;
@group(0) @binding(3) var<storage, read> v: array<Value>;
@group(0) @binding(4) var<storage, read_write> y: array<Value>;
@group(0) @binding(5) var<storage, read_write> lse: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = workgroup_index(wid, nwg) * WORKGROUP + lane;
  if (row >= params.rows) {
    return;
  }
  let first = row / params.length * params.length;
  let end = first + params.length;
  var query: Row;
  var sum: Row;
  for (var d = 0u; d < DEPTH; d++) {
    query[d] = q[row * DEPTH + d];
    sum[d] = Value(0.0);
  }
  var largest = -3.0e38;
  var total = 0.0;
  for (var j = first; j < end; j += 4u) {
    let at0 = row_start(j, 0u, end);
    let at1 = row_start(j, 1u, end);
    let at2 = row_start(j, 2u, end);
    let at3 = row_start(j, 3u, end);
    var scores = vec4f(0.0);
    for (var d = 0u; d < DEPTH; d++) {
      let k0 = k[at0 + d];
      let k1 = k[at1 + d];
      let k2 = k[at2 + d];
      let k3 = k[at3 + d];
      let own = query[d];
      scores += vec4f(product_sum(own, k0), product_sum(own, k1), product_sum(own, k2), product_sum(own, k3));
    }
    // A row that stands in repeats a score, which leaves the largest as it is.
    scores *= params.scale;
    let block_largest = max(max(scores.x, scores.y), max(scores.z, scores.w));
    let new_largest = max(largest, block_largest);
    let shrink = exp(largest - new_largest);
    let weights = exp(scores - new_largest) * row_mask(j, end);
    total = total * shrink + dot(weights, vec4f(1.0));
    largest = new_largest;
    for (var d = 0u; d < DEPTH; d++) {
      let v0 = v[at0 + d];
      let v1 = v[at1 + d];
      let v2 = v[at2 + d];
      let v3 = v[at3 + d];
      sum[d] = sum[d] * shrink + weights.x * v0 + weights.y * v1 + weights.z * v2 + weights.w * v3;
    }
  }
  let factor = 1.0 / total;
  for (var d = 0u; d < DEPTH; d++) {
    y[row * DEPTH + d] = sum[d] * factor;
  }
  lse[row] = largest + log(total);
}
