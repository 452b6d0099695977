// y = x + positions, the same positions for each image. Layout: x, y [batch, period], positions [period], in Values.
// Scheme: lib/elementwise.wgsl. Traffic: x and y once, positions once an image, from caches after the first.
// The period is counted in fours and is a multiple of 4; with SCALAR one by one, any number.
//
// @kernel add_positions
// @kernel add_positions_scalar SCALAR
// @include lib/value.wgsl

struct Params {
  // Values of y.
  vec4s: u32,
  span: u32,
  period: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Value>;
@group(0) @binding(2) var<storage, read> positions: array<Value>;
@group(0) @binding(3) var<storage, read_write> y: array<Value>;

// @include lib/elementwise.wgsl

fn map(i: u32) {
  y[i] = x[i] + positions[i % params.period];
}
