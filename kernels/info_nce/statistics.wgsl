// InfoNCE of queries against one positive key each and a queue of negative ones, from a strip of the similarities s_ij = v_i · queue_j:
// with p_i = v_i · u_i / temperature, the largest of p_i and all s_ij / temperature, and Σ exp(· - largest) over the same, merged
// strip by strip; the loss of a row is log Σ exp - p_i.
// Layout: s [rows, columns], a strip of the queue; v and u [rows, d], unit vectors; statistics vec4(largest, Σ, p_i, 0) a row.
// Scheme: lib/rows.wgsl, two sweeps of a row. Traffic: s twice, v and u once with the first strip.
// Source: van den Oord et al., arXiv 1807.03748; MoCo, arXiv 1911.05722, algorithm 1.
//
// @kernel statistics

struct Params {
  rows: u32,
  columns: u32,
  d: u32,
  // 0 for the first strip, when statistics hold nothing yet.
  merge: u32,
  inverse_temperature: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> s: array<f32>;
@group(0) @binding(2) var<storage, read> v: array<f32>;
@group(0) @binding(3) var<storage, read> u: array<f32>;
@group(0) @binding(4) var<storage, read_write> statistics: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> losses: array<f32>;

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
  let part = lane % LANES;
  // What came before this strip: the positive key alone, or the strips so far.
  var before = statistics[inside];
  if (params.merge == 0u) {
    var product = 0.0;
    for (var c = part; c < params.d; c += LANES) {
      product += v[inside * params.d + c] * u[inside * params.d + c];
    }
    let positive = sum_lanes(product, lane) * params.inverse_temperature;
    before = vec4f(positive, 1.0, positive, 0.0);
  }
  let start = inside * params.columns;
  var largest = before.x;
  for (var c = part; c < params.columns; c += LANES) {
    largest = max(largest, s[start + c] * params.inverse_temperature);
  }
  largest = max_lanes(largest, lane);
  var sum = 0.0;
  for (var c = part; c < params.columns; c += LANES) {
    sum += exponential(s[start + c] * params.inverse_temperature - largest);
  }
  let total = sum_lanes(sum, lane) + before.y * exponential(before.x - largest);
  if ((row < params.rows) & (part == 0u)) {
    statistics[row] = vec4f(largest, total, before.z, 0.0);
    losses[row] = largest - before.z + logarithm(total);
  }
}
