// The mean of some tokens of each image: y[b] = Σ factor · x[b, i] over the `count` tokens i from `first` on.
// Layout: x [batch, tokens, columns], y [batch, columns]. Scheme: lib/elementwise.wgsl over y; an invocation adds its column up
// in the order of the tokens. Traffic: the tokens and y once.
// Columns are taken by fours and are a multiple of 4; with SCALAR one by one, any number.
//
// @kernel pool
// @kernel pool_scalar SCALAR
// @include lib/value.wgsl

struct Params {
  // Values of y.
  vec4s: u32,
  span: u32,
  tokens: u32,
  columns: u32,
  first: u32,
  count: u32,
  factor: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Value>;
@group(0) @binding(2) var<storage, read_write> y: array<Value>;

// @include lib/elementwise.wgsl

fn map(i: u32) {
  let image = i / params.columns;
  let start = (image * params.tokens + params.first) * params.columns + i % params.columns;
  var sum = Value(0.0);
  for (var token = 0u; token < params.count; token++) {
    sum += x[start + token * params.columns];
  }
  y[i] = sum * params.factor;
}
