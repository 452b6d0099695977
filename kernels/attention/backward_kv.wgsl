// Attention's gradients by k and v: with p, products and ds as in backward_q.wgsl, dk_j = Σ_i ds_ij q_i, dv_j = Σ_i p_ij dy_i.
// Layout: q, k, v, y [batch, heads, length, d], d = DEPTH Values; rows = batch · heads · length.
// Scheme: an invocation takes a key and its value, and streams over queries and their gradients in their order, four at a time,
// so that nothing is added concurrently. Traffic: k, v, dk and dv once; q and dy once a workgroup.
// d is taken by fours and is a multiple of 4; with SCALAR one by one, any number.
//
// @kernel backward_kv
// @kernel backward_kv_scalar SCALAR
// @include lib/value.wgsl
// @include attention/problem.wgsl

@group(0) @binding(1) var<storage, read> dy: array<Value>;
@group(0) @binding(2) var<storage, read> q: array<Value>;
@group(0) @binding(3) var<storage, read> k: array<Value>;
@group(0) @binding(4) var<storage, read> v: array<Value>;
@group(0) @binding(5) var<storage, read> lse: array<f32>;
@group(0) @binding(6) var<storage, read> products: array<f32>;
@group(0) @binding(7) var<storage, read_write> dk: array<Value>;
@group(0) @binding(8) var<storage, read_write> dv: array<Value>;

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
  var key: Row;
  var value: Row;
  var key_sum: Row;
  var value_sum: Row;
  for (var d = 0u; d < DEPTH; d++) {
    key[d] = k[row * DEPTH + d];
    value[d] = v[row * DEPTH + d];
    key_sum[d] = Value(0.0);
    value_sum[d] = Value(0.0);
  }
  for (var i = first; i < end; i += 4u) {
    let at0 = row_start(i, 0u, end);
    let at1 = row_start(i, 1u, end);
    let at2 = row_start(i, 2u, end);
    let at3 = row_start(i, 3u, end);
    var scores = vec4f(0.0);
    var slopes = vec4f(0.0);
    for (var d = 0u; d < DEPTH; d++) {
      let own_key = key[d];
      let own_value = value[d];
      scores += vec4f(
        product_sum(own_key, q[at0 + d]),
        product_sum(own_key, q[at1 + d]),
        product_sum(own_key, q[at2 + d]),
        product_sum(own_key, q[at3 + d]),
      );
      slopes += vec4f(
        product_sum(own_value, dy[at0 + d]),
        product_sum(own_value, dy[at1 + d]),
        product_sum(own_value, dy[at2 + d]),
        product_sum(own_value, dy[at3 + d]),
      );
    }
    let rows = min(vec4u(i) + vec4u(0u, 1u, 2u, 3u), vec4u(end - 1u));
    let row_lse = vec4f(lse[rows.x], lse[rows.y], lse[rows.z], lse[rows.w]);
    let row_products = vec4f(products[rows.x], products[rows.y], products[rows.z], products[rows.w]);
    let weights = exp(scores * params.scale - row_lse) * row_mask(i, end);
    let factors = weights * (slopes - row_products) * params.scale;
    for (var d = 0u; d < DEPTH; d++) {
      key_sum[d] += factors.x * q[at0 + d] + factors.y * q[at1 + d] + factors.z * q[at2 + d] + factors.w * q[at3 + d];
      value_sum[d] +=
        weights.x * dy[at0 + d] + weights.y * dy[at1 + d] + weights.z * dy[at2 + d] + weights.w * dy[at3 + d];
    }
  }
  for (var d = 0u; d < DEPTH; d++) {
    dk[row * DEPTH + d] = key_sum[d];
    dv[row * DEPTH + d] = value_sum[d];
  }
}
