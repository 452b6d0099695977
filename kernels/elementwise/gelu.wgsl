// y = x Φ(x), Φ the normal distribution function (GELU in its erf form), elementwise, over vec4s (tensors are padded to whole
// vec4s). Scheme: lib/elementwise.wgsl. Traffic: 2 × 4 bytes an element.
//
// @kernel gelu

struct Params {
  vec4s: u32,
  span: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

// @include elementwise/normal.wgsl
// @include lib/elementwise.wgsl

fn map(i: u32) {
  let value = x[i];
  y[i] = value * normal_distribution(value);
}
