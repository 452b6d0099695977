// @include lib/attention/problem.wgsl
const WORKGROUP: u32 = 64u; // @tune
// Values of a row of one head; register arrays need it as a constant.
const DEPTH: u32 = 16u; // @tune

struct Params {
  rows: u32,
  length: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;

// @include lib/grid.wgsl
// Folded grids: a dispatch that needs more workgroups than one dimension may hold (65,535) spreads them over x and y.

// The workgroup's number in x-major order. The last row may run past the count that is needed, so kernels check their
// bounds.
fn workgroup_index(wid: vec3u, nwg: vec3u) -> u32 {
  return wid.x + wid.y * nwg.x;
}
// @end

alias Row = array<Value, DEPTH>;

// Where row `first + step` of a sequence that ends before `end` begins; the last row stands in for those beyond it.
fn row_start(first: u32, step: u32, end: u32) -> u32 {
  return min(first + step, end - 1u) * DEPTH;
}

// 1 for rows of a block of four that are inside of the sequence, 0 for others.
fn row_mask(first: u32, end: u32) -> vec4f {
  return select(vec4f(0.0), vec4f(1.0), vec4u(first) + vec4u(0u, 1u, 2u, 3u) < vec4u(end));
}
// @end

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
