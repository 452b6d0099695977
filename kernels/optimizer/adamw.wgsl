// AdamW on a whole chunk of parameters: w -= rate · decay · w; m = beta1 · m + (1 - beta1) g; v = beta2 · v + (1 - beta2) g²;
// w -= rate / (1 - beta1^t) · m / (√v / √(1 - beta2^t) + eps).
// Layout: values, gradients and both moments are equally laid out chunks, in vec4s. settings has a row a trained parameter.
// Scheme: optimizer/spans.wgsl. Traffic: 7 × 4 bytes an element; bound by bandwidth.
// Source: Loshchilov and Hutter, arXiv 1711.05101, as in torch.optim.AdamW.
//
// @kernel adamw

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

// @include optimizer/spans.wgsl
