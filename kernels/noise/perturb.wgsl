// values += (noise - ½) · width · std(values), with the unbiased deviation of all `count` of them; a single value stays.
// Layout: flat, noise in [0, 1). Scheme: one workgroup, three sweeps (mean, deviation, update), sums by a tree; it runs once
// before a training. Traffic: values four times, noise once.
// Source: NoisyTune, Wu et al., arXiv 2202.12024.
//
// @kernel perturb

const WORKGROUP: u32 = 256u; // @tune

struct Params {
  count: u32,
  width: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> noise: array<f32>;
@group(0) @binding(2) var<storage, read_write> values: array<f32>;

// @include lib/workgroup_sum.wgsl

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(local_invocation_index) lane: u32) {
  var sum = 0.0;
  for (var i = lane; i < params.count; i += WORKGROUP) {
    sum += values[i];
  }
  let mean = workgroup_sum(vec2f(sum, 0.0), lane).x / f32(params.count);
  var squares = 0.0;
  for (var i = lane; i < params.count; i += WORKGROUP) {
    let d = values[i] - mean;
    squares += d * d;
  }
  let variance = workgroup_sum(vec2f(squares, 0.0), lane).x / max(f32(params.count) - 1.0, 1.0);
  let scale = params.width * sqrt(variance);
  for (var i = lane; i < params.count; i += WORKGROUP) {
    values[i] += (noise[i] - 0.5) * scale;
  }
}
