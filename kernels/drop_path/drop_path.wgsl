// Stochastic depth, with the residual sum behind it where RESIDUAL: y = residual + x · mask[first + b] · factor for image b, and
// with factor = 1 / (1 - p) the expectation stays what it is without. Its own gradient by x, without the residual.
// Layout: x, residual and y hold `size` Values an image. Scheme: lib/elementwise.wgsl. Traffic: 2 or 3 × 4 bytes an element.
// An image's elements are taken by fours and are a multiple of 4; with SCALAR one by one, any number.
// Source: Huang et al., "Deep Networks with Stochastic Depth", 2016; timm's DropPath.
//
// @kernel drop_path
// @kernel drop_path_scalar SCALAR
// @include lib/value.wgsl

const RESIDUAL: u32 = 0u; // @tune

struct Params {
  // Values of y.
  vec4s: u32,
  span: u32,
  size: u32,
  first: u32,
  factor: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Value>;
@group(0) @binding(2) var<storage, read> mask: array<f32>;
@group(0) @binding(3) var<storage, read> residual: array<Value>;
@group(0) @binding(4) var<storage, read_write> y: array<Value>;

// @include lib/elementwise.wgsl

fn map(i: u32) {
  let scaled = x[i] * (mask[params.first + i / params.size] * params.factor);
  if (RESIDUAL == 1u) {
    y[i] = residual[i] + scaled;
  } else {
    y[i] = scaled;
  }
}
