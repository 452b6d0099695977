// Contrast of anchors with a key of their own and a queue of `length` keys a class, from a strip of the similarities s_ij = a_i · queue_j:
// with t_i = a_i · b_i / temperature, the largest of t_i and all s_ij / temperature, Σ exp(· - largest) over the same, and Σ s_ij /
// temperature over the keys of the row's class, merged strip by strip. Positives are the own key and those of the class, all alike:
//   loss_i = log Σ exp - (t_i + Σ s_ij) / (length + 1) - log(length + 1).
// Layout: s [rows, columns], queue keys first to first + columns - 1, class by class; a and b [rows, d]; labels i32 [rows];
// statistics vec4(largest, Σ exp, t_i, Σ s) a row.
// Scheme: lib/rows.wgsl, two sweeps of a row. Traffic: s twice, a and b once with the first strip.
// Source: Bi-Tuning, Zhong et al., arXiv 2011.06182, as released in the Transfer-Learning-Library.
//
// @kernel statistics

struct Params {
  rows: u32,
  columns: u32,
  d: u32,
  first: u32,
  length: u32,
  inverse_temperature: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> s: array<f32>;
@group(0) @binding(2) var<storage, read> a: array<f32>;
@group(0) @binding(3) var<storage, read> b: array<f32>;
@group(0) @binding(4) var<storage, read> labels: array<i32>;
@group(0) @binding(5) var<storage, read_write> statistics: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> losses: array<f32>;

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
  let label = u32(labels[inside]);
  // What came before this strip: the own key alone, or the strips so far.
  var before = statistics[inside];
  if (params.first == 0u) {
    var product = 0.0;
    for (var c = part; c < params.d; c += LANES) {
      product += a[inside * params.d + c] * b[inside * params.d + c];
    }
    let own = sum_lanes(product, lane) * params.inverse_temperature;
    before = vec4f(own, 1.0, own, 0.0);
  }
  let start = inside * params.columns;
  var largest = before.x;
  for (var c = part; c < params.columns; c += LANES) {
    largest = max(largest, s[start + c] * params.inverse_temperature);
  }
  largest = max_lanes(largest, lane);
  var sum = 0.0;
  var positives = 0.0;
  for (var c = part; c < params.columns; c += LANES) {
    let value = s[start + c] * params.inverse_temperature;
    sum += exponential(value - largest);
    positives += select(0.0, value, (params.first + c) / params.length == label);
  }
  let total = sum_lanes(sum, lane) + before.y * exponential(before.x - largest);
  let similar = sum_lanes(positives, lane) + before.w;
  if ((row < params.rows) & (part == 0u)) {
    let count = f32(params.length + 1u);
    statistics[row] = vec4f(largest, total, before.z, similar);
    losses[row] = largest + logarithm(total) - (before.z + similar) / count - log(count);
  }
}
