// AdamW on a whole chunk of parameters: w -= rate · decay · w; m = beta1 · m + (1 - beta1) g; v = beta2 · v + (1 - beta2) g²;
// w -= rate / (1 - beta1^t) · m / (√v / √(1 - beta2^t) + eps).
// Layout: values, gradients and both moments are equally laid out chunks, in vec4s. settings has a row a trained parameter.
// Scheme: lib/spans.wgsl. Traffic: 7 × 4 bytes an element; bound by bandwidth.
// Source: Loshchilov and Hutter, arXiv 1711.05101, as in torch.optim.AdamW.

// 1 sets the gradients that were used to 0, which starts the next sum of micro-batches.
const CLEAR: u32 = 0u; // @tune

struct Params {
  spans: u32,
  beta1: f32,
  beta2: f32,
  // From the host, because 1 - beta loses digits in 32 bits.
  one_minus_beta1: f32,
  one_minus_beta2: f32,
  eps: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
// x: rate / (1 - beta1^t); y: rate · decay; z: 1 / √(1 - beta2^t).
@group(0) @binding(2) var<storage, read> settings: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> gradients: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> values: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> exp_avg: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> exp_avg_sq: array<vec4f>;

fn numbers(parameter: u32) -> vec4f {
  return settings[parameter];
}

fn update(i: u32, own: vec4f) {
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

// @include lib/spans.wgsl
// A map over the vec4s of parameters: a workgroup takes the span of one parameter that `spans` names, its lanes neighbouring
// vec4s in turn, and calls `update` for each with the parameter's `numbers`. A GPU wants short spans (and many workgroups), a
// processor one subgroup a workgroup that walks a long span in order. An update reads and writes several streams, so that
// more than one a turn gains nothing. What no span covers is left as it is to the bit.
const WORKGROUP: u32 = 64u; // @tune

// x: first vec4; y: the one after the last; z: the parameter's number.
@group(0) @binding(1) var<storage, read> spans: array<vec4u>;

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
  let index = workgroup_index(wid, nwg);
  if (index >= params.spans) {
    return;
  }
  let span = spans[index];
  let own = numbers(span.z);
  for (var i = span.x + lane; i < span.y; i += WORKGROUP) {
    update(i, own);
  }
}
// @end
