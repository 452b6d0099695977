// average = momentum · average + (1 - momentum) · values on a whole chunk of parameters: an exponential moving average of weights.
// Layout: both are equally laid out chunks, in vec4s. Scheme: optimizer/spans.wgsl. Traffic: 3 × 4 bytes an element; bound by
// bandwidth.
// Source: the key encoder of MoCo, He et al., arXiv 1911.05722, equation 2.
//
// @kernel ema

struct Params {
  spans: u32,
  momentum: f32,
  // From the host, because 1 - momentum loses digits in 32 bits.
  one_minus_momentum: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> values: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> average: array<vec4f>;

fn numbers(parameter: u32) -> vec4f {
  return vec4f(params.momentum, params.one_minus_momentum, 0.0, 0.0);
}

fn update(i: u32, own: vec4f) {
  average[i] = own.x * average[i] + own.y * values[i];
}

// @include optimizer/spans.wgsl
