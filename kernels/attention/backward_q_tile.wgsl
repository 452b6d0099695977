// Attention's gradient by q, in tiles: with p from lse, products[i] = dy_i·y_i and ds_ij = scale · p_ij (dy_i·v_j - products[i]),
//   dq_i = Σ_j ds_ij k_j. The products are kept for backward_kv_tile.wgsl.
// Layout: heads lie in q, k, v, dq and in y, dy as the strides say.
// Scheme: as forward_tile.wgsl, a workgroup TILE queries, over the keys in their order; scores are computed again.
// Traffic: y and dq once; k and v once for each TILE queries; q and dy once for each TILE keys, from caches after the first.
//
// @kernel backward_q_tile

@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read> q: array<vec4f>;
@group(0) @binding(3) var<storage, read> k: array<vec4f>;
@group(0) @binding(4) var<storage, read> v: array<vec4f>;
@group(0) @binding(5) var<storage, read> y: array<vec4f>;
@group(0) @binding(6) var<storage, read> lse: array<f32>;
@group(0) @binding(7) var<storage, read_write> dq: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> products: array<f32>;

// @include attention/tile.wgsl

var<workgroup> own_products: array<f32, TILE>;

@compute @workgroup_size(THREADS, THREADS)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let place = place_of(wid, nwg);
  if (place.sequence >= params.sequences) {
    return;
  }
  let x = lane % THREADS;
  let y_lane = lane / THREADS;
  let base = sequence_base(place.sequence);
  let y_start = y_base(place.sequence);
  for (var i = lane; i < TILE; i += WORKGROUP) {
    let row = place.first + i;
    let at = y_start + min(row, params.length - 1u) * params.y_row;
    var product = 0.0;
    for (var d = 0u; d < DEPTH; d++) {
      product += dot(dy[at + d], y[at + d]);
    }
    own_products[i] = product;
    if (row < params.length) {
      products[place.sequence * params.length + row] = product;
    }
  }
  workgroupBarrier();
  let queries = rows_from(place.first + 4u * y_lane);
  let lse_at = queries + place.sequence * params.length;
  let own_lse = vec4f(lse[lse_at.x], lse[lse_at.y], lse[lse_at.z], lse[lse_at.w]);
  let own_product = vec4f(
    own_products[4u * y_lane],
    own_products[4u * y_lane + 1u],
    own_products[4u * y_lane + 2u],
    own_products[4u * y_lane + 3u],
  );
  let staged_queries = rows_from(place.first + product_row(lane));
  let q_rows = staged_queries * params.row + base + params.q_offset;
  let dy_rows = staged_queries * params.y_row + y_start;
  var left = mat4x4f();
  var right = mat4x4f();
  for (var first = 0u; first < params.length; first += TILE) {
    let keys = rows_from(first + product_row(lane)) * params.row + base;
    var scores = mat4x4f();
    var slopes = mat4x4f();
    for (var chunk = 0u; chunk < CHUNKS; chunk++) {
      let column = chunk * THREADS + product_column(lane);
      let at = min(column, DEPTH - 1u);
      // Channels beyond the last one add nothing.
      let mask = select(0.0, 1.0, column < DEPTH);
      let a = q_rows + at;
      let b = keys + params.k_offset + at;
      workgroupBarrier();
      stage_products(0u, lane, mat4x4f(q[a.x], q[a.y], q[a.z], q[a.w]) * mask);
      stage_products(1u, lane, mat4x4f(k[b.x], k[b.y], k[b.z], k[b.w]));
      workgroupBarrier();
      scores = add_products(scores, x, y_lane);
      let c = dy_rows + at;
      let e = keys + params.v_offset + at;
      workgroupBarrier();
      stage_products(0u, lane, mat4x4f(dy[c.x], dy[c.y], dy[c.z], dy[c.w]) * mask);
      stage_products(1u, lane, mat4x4f(v[e.x], v[e.y], v[e.z], v[e.w]));
      workgroupBarrier();
      slopes = add_products(slopes, x, y_lane);
    }
    let valid = vec4f(inside(first + 4u * x)) * params.scale;
    var factors = mat4x4f();
    for (var j = 0u; j < 4u; j++) {
      factors[j] = exponential(scores[j] * params.scale - own_lse) * (slopes[j] - own_product) * valid[j];
    }
    // All have read the operands of the last chunk.
    workgroupBarrier();
    store_weights(x, y_lane, factors);
    let b = rows_from(first + sum_row(lane)) * params.row + base + params.k_offset + min(sum_column(lane), DEPTH - 1u);
    stage_sums(0u, lane, mat4x4f(k[b.x], k[b.y], k[b.z], k[b.w]));
    if (DEPTH > THREADS) {
      let e = b + min(THREADS, DEPTH - 1u - min(sum_column(lane), DEPTH - 1u));
      stage_sums(1u, lane, mat4x4f(k[e.x], k[e.y], k[e.z], k[e.w]));
    }
    workgroupBarrier();
    left = add_sums(left, 0u, x, y_lane);
    if (DEPTH > THREADS) {
      right = add_sums(right, 1u, x, y_lane);
    }
  }
  for (var i = 0u; i < 4u; i++) {
    let row = place.first + 4u * y_lane + i;
    let at = base + params.q_offset + row * params.row;
    if ((row < params.length) & (x < DEPTH)) {
      dq[at + x] = left[i];
    }
    if ((row < params.length) & (x + THREADS < DEPTH)) {
      dq[at + x + THREADS] = right[i];
    }
  }
}
