// The gradient of embed.wgsl by the patches: dpatches[b, i] = dy[b, 1 + i], a copy without the class tokens' rows.
// Layout: dy [batch, tokens, columns], dpatches [batch, tokens - 1, columns]. Scheme: lib/elementwise.wgsl over dpatches.
// Traffic: dy and dpatches once. Columns are taken by fours and are a multiple of 4; with SCALAR one by one, any number.
//
// @kernel patches
// @kernel patches_scalar SCALAR
// @include lib/value.wgsl

struct Params {
  // Values of dpatches.
  vec4s: u32,
  span: u32,
  tokens: u32,
  columns: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<Value>;
@group(0) @binding(2) var<storage, read_write> dpatches: array<Value>;

// @include lib/elementwise.wgsl

fn map(i: u32) {
  // Each image has one row more in dy, which comes before its patches.
  let image = i / ((params.tokens - 1u) * params.columns);
  dpatches[i] = dy[i + (image + 1u) * params.columns];
}
