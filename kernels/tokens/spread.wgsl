// The gradient of pool.wgsl: dx[b, i] = factor · dy[b] for the `count` tokens i from `first` on, 0 for all others.
// Layout: dy [batch, columns], dx [batch, tokens, columns]. Scheme: lib/elementwise.wgsl over dx. Traffic: dx once.
// Columns are taken by fours and are a multiple of 4; with SCALAR one by one, any number.
//
// @kernel spread
// @kernel spread_scalar SCALAR
// @include lib/value.wgsl

struct Params {
  // Values of dx.
  vec4s: u32,
  span: u32,
  tokens: u32,
  columns: u32,
  first: u32,
  count: u32,
  factor: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<Value>;
@group(0) @binding(2) var<storage, read_write> dx: array<Value>;

// @include lib/elementwise.wgsl

fn map(i: u32) {
  let row = i / params.columns;
  let image = row / params.tokens;
  // Tokens before the first wrap around to large numbers.
  let inside = row % params.tokens - params.first < params.count;
  dx[i] = select(Value(0.0), dy[image * params.columns + i % params.columns] * params.factor, inside);
}
