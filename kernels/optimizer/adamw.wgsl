// AdamW on a whole chunk of parameters: w -= rate · decay · w; m = beta1 · m + (1 - beta1) g; v = beta2 · v + (1 - beta2) g²;
// w -= rate / (1 - beta1^t) · m / (√v / √(1 - beta2^t) + eps).
// Layout: values, gradients and both moments are equally laid out chunks, in vec4s. rows has a number for each block of 64
// floats: 0 leaves the block as it is to the bit, r takes its numbers from settings[r - 1].
// Scheme: an invocation updates SPAN consecutive vec4s of one block. Traffic: 7 × 4 bytes an element; bound by bandwidth.
// Source: Loshchilov and Hutter, arXiv 1711.05101, as in torch.optim.AdamW.

const WORKGROUP: u32 = 64u; // @tune
const SPAN: u32 = 1u; // @tune
// 1 sets the gradients that were used to 0, which starts the next sum of micro-batches.
const CLEAR: u32 = 0u; // @tune
const VEC4S_PER_BLOCK: u32 = 16u;

struct Params {
  vec4s: u32,
  beta1: f32,
  beta2: f32,
  // From the host, because 1 - beta loses digits in 32 bits.
  one_minus_beta1: f32,
  one_minus_beta2: f32,
  eps: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> rows: array<u32>;
// x: rate / (1 - beta1^t); y: rate · decay; z: 1 / √(1 - beta2^t).
@group(0) @binding(2) var<storage, read> settings: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> gradients: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> values: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> exp_avg: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> exp_avg_sq: array<vec4f>;

// @include lib/grid.wgsl
// Folded grids: a dispatch that needs more workgroups than one dimension may hold (65,535) spreads them over x and y.

// The workgroup's number in x-major order. The last row may run past the count that is needed, so kernels check their
// bounds.
fn workgroup_index(wid: vec3u, nwg: vec3u) -> u32 {
  return wid.x + wid.y * nwg.x;
}
// @end

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let first = (workgroup_index(wid, nwg) * WORKGROUP + lane) * SPAN;
  if (first >= params.vec4s) {
    return;
  }
  let row = rows[first / VEC4S_PER_BLOCK];
  if (row == 0u) {
    return;
  }
  let own = settings[row - 1u];
  for (var i = first; i < first + SPAN; i++) {
    let g = gradients[i];
    let w = values[i] - own.y * values[i];
    let m = params.beta1 * exp_avg[i] + params.one_minus_beta1 * g;
    let v = params.beta2 * exp_avg_sq[i] + params.one_minus_beta2 * g * g;
    exp_avg[i] = m;
    exp_avg_sq[i] = v;
    values[i] = w - own.x * m / (sqrt(v) * own.z + params.eps);
    if (CLEAR == 1u) {
      gradients[i] = vec4f();
    }
  }
}
