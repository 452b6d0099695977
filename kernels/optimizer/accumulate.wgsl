// sums += factor · gradients on the trained parameters of a chunk: gradient accumulation over micro-batches.
// Layout: both are equally laid out chunks, in vec4s. What has no gradient in this program is in no span.
// Scheme: optimizer/spans.wgsl. Traffic: 3 × 4 bytes an element; bound by bandwidth.
//
// @kernel accumulate

struct Params {
  spans: u32,
  factor: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> gradients: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> sums: array<vec4f>;

fn numbers(parameter: u32) -> vec4f {
  return vec4f(params.factor);
}

fn update(i: u32, own: vec4f) {
  sums[i] += own.x * gradients[i];
}

// @include optimizer/spans.wgsl
