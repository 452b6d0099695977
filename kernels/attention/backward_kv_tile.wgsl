// Attention's gradients by k and v, in tiles: with p, products and ds as in backward_q_tile.wgsl, dk_j = Σ_i ds_ij q_i and
// dv_j = Σ_i p_ij dy_i. With PACKED both go to one tensor, which has the strides and offsets of q, k and v.
// Layout: heads lie in q, k, v, dk, dv and in dy as the strides say.
// Scheme: as forward_tile.wgsl, but a workgroup takes TILE keys and values, over the queries in their order, so that nothing is
// added concurrently; scores are computed again.
// Traffic: dk and dv once; q and dy once for each TILE keys; k and v once for each TILE queries, from caches after the first.
//
// @kernel backward_kv_tile
// @kernel backward_kv_tile_packed PACKED

@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read> q: array<vec4f>;
@group(0) @binding(3) var<storage, read> k: array<vec4f>;
@group(0) @binding(4) var<storage, read> v: array<vec4f>;
@group(0) @binding(5) var<storage, read> lse: array<f32>;
@group(0) @binding(6) var<storage, read> products: array<f32>;
// @if PACKED
@group(0) @binding(7) var<storage, read_write> dqkv: array<vec4f>;

fn store_dk(at: u32, value: vec4f) {
  dqkv[at + params.k_offset] = value;
}

fn store_dv(at: u32, value: vec4f) {
  dqkv[at + params.v_offset] = value;
}
// @else
@group(0) @binding(7) var<storage, read_write> dk: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> dv: array<vec4f>;

fn store_dk(at: u32, value: vec4f) {
  dk[at + params.k_offset] = value;
}

fn store_dv(at: u32, value: vec4f) {
  dv[at + params.v_offset] = value;
}
// @end

// @include attention/tile.wgsl

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
  let keys = rows_from(place.first + product_row(lane)) * params.row + base;
  // Whether the second half of the channels is there, and where it lies.
  let column = min(sum_column(lane), DEPTH - 1u);
  let across = min(THREADS, DEPTH - 1u - column);
  var key_left = mat4x4f();
  var key_right = mat4x4f();
  var value_left = mat4x4f();
  var value_right = mat4x4f();
  for (var first = 0u; first < params.length; first += TILE) {
    let queries = rows_from(first + product_row(lane));
    let q_rows = queries * params.row + base + params.q_offset;
    let dy_rows = queries * params.y_row + y_start;
    var scores = mat4x4f();
    var slopes = mat4x4f();
    for (var chunk = 0u; chunk < CHUNKS; chunk++) {
      let own = chunk * THREADS + product_column(lane);
      let at = min(own, DEPTH - 1u);
      // Channels beyond the last one add nothing.
      let mask = select(0.0, 1.0, own < DEPTH);
      let a = keys + params.k_offset + at;
      let b = q_rows + at;
      workgroupBarrier();
      stage_products(0u, lane, mat4x4f(k[a.x], k[a.y], k[a.z], k[a.w]) * mask);
      stage_products(1u, lane, mat4x4f(q[b.x], q[b.y], q[b.z], q[b.w]));
      workgroupBarrier();
      scores = add_products(scores, x, y_lane);
      let c = keys + params.v_offset + at;
      let e = dy_rows + at;
      workgroupBarrier();
      stage_products(0u, lane, mat4x4f(v[c.x], v[c.y], v[c.z], v[c.w]) * mask);
      stage_products(1u, lane, mat4x4f(dy[e.x], dy[e.y], dy[e.z], dy[e.w]));
      workgroupBarrier();
      slopes = add_products(slopes, x, y_lane);
    }
    // Column j belongs to query 4x + j.
    let valid = inside(first + 4u * x);
    let saved = rows_from(first + 4u * x) + place.sequence * params.length;
    var own_weights = mat4x4f();
    var factors = mat4x4f();
    for (var j = 0u; j < 4u; j++) {
      let own = select(vec4f(), exponential(scores[j] * params.scale - vec4f(lse[saved[j]])), valid[j]);
      own_weights[j] = own;
      factors[j] = own * (slopes[j] - products[saved[j]]) * params.scale;
    }
    let rows = rows_from(first + sum_row(lane));
    let e = rows * params.y_row + y_start + column;
    // All have read the operands of the last chunk.
    workgroupBarrier();
    store_weights(x, y_lane, own_weights);
    stage_sums(0u, lane, mat4x4f(dy[e.x], dy[e.y], dy[e.z], dy[e.w]));
    if (DEPTH > THREADS) {
      let f = e + across;
      stage_sums(1u, lane, mat4x4f(dy[f.x], dy[f.y], dy[f.z], dy[f.w]));
    }
    workgroupBarrier();
    value_left = add_sums(value_left, 0u, x, y_lane);
    if (DEPTH > THREADS) {
      value_right = add_sums(value_right, 1u, x, y_lane);
    }
    let b = rows * params.row + base + params.q_offset + column;
    workgroupBarrier();
    store_weights(x, y_lane, factors);
    stage_sums(0u, lane, mat4x4f(q[b.x], q[b.y], q[b.z], q[b.w]));
    if (DEPTH > THREADS) {
      let f = b + across;
      stage_sums(1u, lane, mat4x4f(q[f.x], q[f.y], q[f.z], q[f.w]));
    }
    workgroupBarrier();
    key_left = add_sums(key_left, 0u, x, y_lane);
    if (DEPTH > THREADS) {
      key_right = add_sums(key_right, 1u, x, y_lane);
    }
  }
  for (var i = 0u; i < 4u; i++) {
    let row = place.first + 4u * y_lane + i;
    let at = base + row * params.row;
    if ((row < params.length) & (x < DEPTH)) {
      store_dk(at + x, key_left[i]);
      store_dv(at + x, value_left[i]);
    }
    if ((row < params.length) & (x + THREADS < DEPTH)) {
      store_dk(at + x + THREADS, key_right[i]);
      store_dv(at + x + THREADS, value_right[i]);
    }
  }
}
