// gradients *= factor[0] on the trained parameters of a chunk, which leaves them as they are to the bit where that is 1.
// Layout: a chunk in vec4s. Scheme: optimizer/spans.wgsl. Traffic: 2 × 4 bytes an element; bound by bandwidth.
//
// @kernel clip

struct Params {
  spans: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> factor: array<f32>;
@group(0) @binding(3) var<storage, read_write> gradients: array<vec4f>;

fn numbers(parameter: u32) -> vec4f {
  return vec4f(factor[0]);
}

fn update(i: u32, own: vec4f) {
  gradients[i] *= own.x;
}

// @include optimizer/spans.wgsl
