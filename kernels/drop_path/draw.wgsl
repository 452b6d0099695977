// The masks of stochastic depth for all blocks of a step: mask[l, j, b] is 0 with probability rate · l / (depth - 1), else 1,
// for block l, its branch j (attention, MLP) and image b. Layout: mask [depth, 2, batch].
// Randomness: random4(seed, step, b, STREAM + 2 l + j), so a mask depends on nothing else; no draw of the augmentation has so
// high a number. Scheme: an invocation a mask. Traffic: mask once.
//
// @kernel draw

const WORKGROUP: u32 = 64u; // @tune
const STREAM: u32 = 0x64700000u;

struct Params {
  depth: u32,
  batch: u32,
  rate: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
// Seed and step.
@group(0) @binding(1) var<storage, read> counter: array<u32>;
@group(0) @binding(2) var<storage, read_write> mask: array<f32>;

// @include lib/grid.wgsl
// @include augment/random.wgsl

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = workgroup_index(wid, nwg) * WORKGROUP + lane;
  if (i >= 2u * params.depth * params.batch) {
    return;
  }
  let branch = i / params.batch;
  let rate = params.rate * f32(branch / 2u) / f32(max(params.depth, 2u) - 1u);
  let bits = random4(vec4u(counter[0], counter[1], i % params.batch, STREAM + branch));
  mask[i] = select(1.0, 0.0, uniform01(bits.x) < rate);
}
