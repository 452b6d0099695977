// What a vision transformer's blocks start from: y[b, 0] = class_token + positions[0], y[b, 1 + i] = patches[b, i] +
// positions[1 + i]. Layout: patches [batch, tokens - 1, columns], positions [tokens, columns], y [batch, tokens, columns].
// Scheme: lib/elementwise.wgsl over y. Traffic: patches and y once, positions once an image, from caches after the first.
// Columns are taken by fours and are a multiple of 4; with SCALAR one by one, any number.
//
// @kernel embed
// @kernel embed_scalar SCALAR
// @include lib/value.wgsl

struct Params {
  // Values of y.
  vec4s: u32,
  span: u32,
  tokens: u32,
  columns: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> patches: array<Value>;
@group(0) @binding(2) var<storage, read> class_token: array<Value>;
@group(0) @binding(3) var<storage, read> positions: array<Value>;
@group(0) @binding(4) var<storage, read_write> y: array<Value>;

// @include lib/elementwise.wgsl

fn map(i: u32) {
  let row = i / params.columns;
  let column = i % params.columns;
  let image = row / params.tokens;
  let token = row % params.tokens;
  // The class token's row reads the first patch in vain.
  let patch_row = image * (params.tokens - 1u) + max(token, 1u) - 1u;
  let content = select(patches[patch_row * params.columns + column], class_token[column], token == 0u);
  y[i] = content + positions[token * params.columns + column];
}
