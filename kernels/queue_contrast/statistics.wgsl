// Contrast of anchors with a key of their own and a queue of keys, from a strip of the similarities s_ij = a_i · queue_j: with
// t_i = a_i · b_i / temperature, the largest of t_i and all s_ij / temperature, and Σ exp(· - largest) over the same, merged strip by
// strip. InfoNCE takes the own key for the only positive, length = 0; with CLASSES the queue holds `length` keys a class, and those
// of the row's class are as positive as its own:
//   loss_i = log Σ exp - (t_i + Σ s_ij / temperature over the positives) / (length + 1) - log(length + 1).
// Layout: s [rows, columns], queue keys first to first + columns - 1, class by class; a and b [rows, d]; labels i32 [rows];
// statistics vec4(largest, Σ exp, t_i, Σ of positives) a row.
// Scheme: lib/rows.wgsl, two sweeps of a row. Traffic: s twice, a and b once with the first strip.
// Source: van den Oord et al., arXiv 1807.03748; MoCo, arXiv 1911.05722, algorithm 1; Bi-Tuning, arXiv 2011.06182, as released in
// the Transfer-Learning-Library.
//
// @kernel statistics
// @kernel statistics_classes CLASSES

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
@group(0) @binding(4) var<storage, read_write> statistics: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> losses: array<f32>;
// @if CLASSES
@group(0) @binding(6) var<storage, read> labels: array<i32>;
// @end

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
  // @if CLASSES
  let label = u32(labels[inside]);
  // @end
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
    // @if CLASSES
    positives += select(0.0, value, (params.first + c) / params.length == label);
    // @end
  }
  let total = sum_lanes(sum, lane) + before.y * exponential(before.x - largest);
  // @if CLASSES
  positives = sum_lanes(positives, lane) + before.w;
  // @end
  if ((row < params.rows) & (part == 0u)) {
    let count = f32(params.length + 1u);
    statistics[row] = vec4f(largest, total, before.z, positives);
    losses[row] = largest - (before.z + positives) / count + logarithm(total) - log(count);
  }
}
