// Attention, forward, in tiles: y_i = Σ_j p_ij v_j with p_ij = softmax over j of scale · q_i·k_j, without a length × length buffer;
// lse[i] = log Σ_j exp(scale · q_i·k_j) is kept for the backward pass.
// Layout: heads lie in q, k, v and y as the strides say: each by itself, or side by side in the rows of one tensor.
// Scheme (FlashAttention's online softmax, Dao et al., arXiv 2205.14135): a workgroup takes TILE queries and walks over the keys
// TILE at a time; see attention/tile.wgsl. Products of q and k are summed by chunks of channels; each row's largest score and sum are
// found through workgroup memory. Two vec4s from workgroup memory make 16 multiply-adds.
// Traffic: y once; k and v once for each TILE queries; q once for each TILE keys, from caches after the first.
//
// @kernel forward_tile

@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> k: array<vec4f>;
@group(0) @binding(3) var<storage, read> v: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> lse: array<f32>;

// @include attention/tile.wgsl

var<workgroup> row_values: array<vec4f, WORKGROUP>;

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
  let product_queries = rows_from(place.first + product_row(lane)) * params.row + base + params.q_offset;
  var largest = vec4f(-3.0e38);
  var total = vec4f();
  var left = mat4x4f();
  var right = mat4x4f();
  for (var first = 0u; first < params.length; first += TILE) {
    let product_keys = rows_from(first + product_row(lane)) * params.row + base + params.k_offset;
    var scores = mat4x4f();
    for (var chunk = 0u; chunk < CHUNKS; chunk++) {
      let column = chunk * THREADS + product_column(lane);
      let at = min(column, DEPTH - 1u);
      // Channels beyond the last one add nothing.
      let mask = select(0.0, 1.0, column < DEPTH);
      let a = product_queries + at;
      let b = product_keys + at;
      workgroupBarrier();
      stage_products(0u, lane, mat4x4f(q[a.x], q[a.y], q[a.z], q[a.w]) * mask);
      stage_products(1u, lane, mat4x4f(k[b.x], k[b.y], k[b.z], k[b.w]));
      workgroupBarrier();
      scores = add_products(scores, x, y_lane);
    }
    // A key that stands in repeats a score, which leaves the largest as it is.
    scores = scores * params.scale;
    row_values[lane] = max(max(scores[0], scores[1]), max(scores[2], scores[3]));
    workgroupBarrier();
    var new_largest = largest;
    for (var i = 0u; i < THREADS; i++) {
      new_largest = max(new_largest, row_values[y_lane * THREADS + i]);
    }
    let shrink = exponential(largest - new_largest);
    let valid = inside(first + 4u * x);
    let own = mat4x4f(
      select(vec4f(), exponential(scores[0] - new_largest), valid.x),
      select(vec4f(), exponential(scores[1] - new_largest), valid.y),
      select(vec4f(), exponential(scores[2] - new_largest), valid.z),
      select(vec4f(), exponential(scores[3] - new_largest), valid.w),
    );
    total = total * shrink + own[0] + own[1] + own[2] + own[3];
    largest = new_largest;
    store_weights(x, y_lane, own);
    let c = rows_from(first + sum_row(lane)) * params.row + base + params.v_offset + min(sum_column(lane), DEPTH - 1u);
    stage_sums(0u, lane, mat4x4f(v[c.x], v[c.y], v[c.z], v[c.w]));
    if (DEPTH > THREADS) {
      let e = c + min(THREADS, DEPTH - 1u - min(sum_column(lane), DEPTH - 1u));
      stage_sums(1u, lane, mat4x4f(v[e.x], v[e.y], v[e.z], v[e.w]));
    }
    workgroupBarrier();
    left = add_sums(mat4x4f(left[0] * shrink.x, left[1] * shrink.y, left[2] * shrink.z, left[3] * shrink.w), 0u, x, y_lane);
    if (DEPTH > THREADS) {
      right =
        add_sums(mat4x4f(right[0] * shrink.x, right[1] * shrink.y, right[2] * shrink.z, right[3] * shrink.w), 1u, x, y_lane);
    }
  }
  row_values[lane] = total;
  workgroupBarrier();
  var sum = vec4f();
  for (var i = 0u; i < THREADS; i++) {
    sum += row_values[y_lane * THREADS + i];
  }
  let factor = 1.0 / sum;
  let to = y_base(place.sequence);
  for (var i = 0u; i < 4u; i++) {
    let row = place.first + 4u * y_lane + i;
    if (row < params.length) {
      let at = to + row * params.y_row;
      if (x < DEPTH) {
        y[at + x] = left[i] * factor[i];
      }
      if (x + THREADS < DEPTH) {
        y[at + x + THREADS] = right[i] * factor[i];
      }
      if (x == 0u) {
        lse[place.sequence * params.length + row] = largest[i] + log(sum[i]);
      }
    }
  }
}
