// Attention's gradient by q: with p from lse, products[i] = dy_i·y_i and ds_ij = scale · p_ij (dy_i·v_j - products[i]),
//   dq_i = Σ_j ds_ij k_j. The products are kept for backward_kv.wgsl.
// Layout: q, k, v, y [batch, heads, length, d], d = DEPTH Values; rows = batch · heads · length.
// Scheme: as forward.wgsl, an invocation a query, over keys and values in their order.
// Traffic: q, dy, y and dq once; k and v once a workgroup.
// d is taken by fours and is a multiple of 4; with SCALAR one by one, any number.
//
// @kernel backward_q
// @kernel backward_q_scalar SCALAR
// @include lib/value.wgsl
// @include attention/problem.wgsl

@group(0) @binding(1) var<storage, read> dy: array<Value>;
@group(0) @binding(2) var<storage, read> q: array<Value>;
@group(0) @binding(3) var<storage, read> k: array<Value>;
@group(0) @binding(4) var<storage, read> v: array<Value>;
@group(0) @binding(5) var<storage, read> y: array<Value>;
@group(0) @binding(6) var<storage, read> lse: array<f32>;
@group(0) @binding(7) var<storage, read_write> dq: array<Value>;
@group(0) @binding(8) var<storage, read_write> products: array<f32>;

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
  var upstream: Row;
  var sum: Row;
  var product = 0.0;
  for (var d = 0u; d < DEPTH; d++) {
    let gradient = dy[row * DEPTH + d];
    query[d] = q[row * DEPTH + d];
    upstream[d] = gradient;
    sum[d] = Value(0.0);
    product += product_sum(gradient, y[row * DEPTH + d]);
  }
  products[row] = product;
  let own_lse = lse[row];
  for (var j = first; j < end; j += 4u) {
    let at0 = row_start(j, 0u, end);
    let at1 = row_start(j, 1u, end);
    let at2 = row_start(j, 2u, end);
    let at3 = row_start(j, 3u, end);
    var scores = vec4f(0.0);
    var slopes = vec4f(0.0);
    for (var d = 0u; d < DEPTH; d++) {
      let own = query[d];
      let gradient = upstream[d];
      scores += vec4f(
        product_sum(own, k[at0 + d]),
        product_sum(own, k[at1 + d]),
        product_sum(own, k[at2 + d]),
        product_sum(own, k[at3 + d]),
      );
      slopes += vec4f(
        product_sum(gradient, v[at0 + d]),
        product_sum(gradient, v[at1 + d]),
        product_sum(gradient, v[at2 + d]),
        product_sum(gradient, v[at3 + d]),
      );
    }
    let weights = exp(scores * params.scale - own_lse) * row_mask(j, end);
    let factors = weights * (slopes - product) * params.scale;
    for (var d = 0u; d < DEPTH; d++) {
      sum[d] += factors.x * k[at0 + d] + factors.y * k[at1 + d] + factors.z * k[at2 + d] + factors.w * k[at3 + d];
    }
  }
  for (var d = 0u; d < DEPTH; d++) {
    dq[row * DEPTH + d] = sum[d];
  }
}
