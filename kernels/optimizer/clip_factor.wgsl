// factor[0] = min(1, max_norm / (norm + 1e-6)), norm = √Σ partials: by how much gradients shrink so that their norm is at most
// max_norm. Scheme: one workgroup; sums in an order that never changes. Traffic: every partial once.
// Source: torch.nn.utils.clip_grad_norm_.
//
// @kernel clip_factor

const WORKGROUP: u32 = 64u; // @tune

struct Params {
  partials: u32,
  max_norm: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> partials: array<f32>;
@group(0) @binding(2) var<storage, read_write> norm: array<f32>;
@group(0) @binding(3) var<storage, read_write> factor: array<f32>;

// @include lib/workgroup_sum.wgsl

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(local_invocation_index) lane: u32) {
  var sum = 0.0;
  for (var i = lane; i < params.partials; i += WORKGROUP) {
    sum += partials[i];
  }
  let total = sqrt(workgroup_sum(vec2f(sum, 0.0), lane).x);
  if (lane == 0u) {
    norm[0] = total;
    factor[0] = min(1.0, params.max_norm / (total + 1e-6));
  }
}
