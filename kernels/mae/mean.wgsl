// The mean over hidden rows: loss = Σ mask · errors / Σ mask, and inverse_count = 1 / Σ mask for the gradient.
// Layout: errors, mask [rows]. Scheme: one workgroup; an invocation takes every WORKGROUP-th row. Traffic: 8 bytes a row.
//
// @kernel mean

const WORKGROUP: u32 = 256u; // @tune

struct Params {
  rows: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> errors: array<f32>;
@group(0) @binding(2) var<storage, read> mask: array<f32>;
@group(0) @binding(3) var<storage, read_write> loss: array<f32>;
@group(0) @binding(4) var<storage, read_write> inverse_count: array<f32>;

// @include lib/workgroup_sum.wgsl

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(local_invocation_index) lane: u32) {
  var total = vec2f();
  for (var row = lane; row < params.rows; row += WORKGROUP) {
    total += vec2f(mask[row] * errors[row], mask[row]);
  }
  let sums = workgroup_sum(total, lane);
  if (lane == 0u) {
    loss[0] = sums.x / sums.y;
    inverse_count[0] = 1.0 / sums.y;
  }
}
