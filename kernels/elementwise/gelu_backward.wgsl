// dx = dy (Φ(x) + x φ(x)), Φ and φ the normal distribution function and density (GELU in its erf form), elementwise, over
// vec4s (tensors are padded to whole vec4s). Scheme: lib/elementwise.wgsl. Traffic: 3 × 4 bytes an element.
//
// @kernel gelu_backward

struct Params {
  vec4s: u32,
  span: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read> x: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>;

// @include elementwise/normal.wgsl

const INVERSE_ROOT_TWO_PI: f32 = 0.3989422804;

// @include lib/elementwise.wgsl

fn map(i: u32) {
  let value = x[i];
  let density = INVERSE_ROOT_TWO_PI * exp(-0.5 * value * value);
  dx[i] = dy[i] * (normal_distribution(value) + value * density);
}
