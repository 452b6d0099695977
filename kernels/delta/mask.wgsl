// y = x · mask, a factor a channel, over vec4s of the flat tensor; the last vec4 may be padding.
// Layout: x and y [rows, columns], mask [columns]. Scheme: lib/elementwise.wgsl. Traffic: 8 bytes an element; bound by bandwidth.
//
// @kernel mask

struct Params {
  vec4s: u32,
  span: u32,
  columns: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> mask: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

// @include lib/elementwise.wgsl

fn map(i: u32) {
  let c = (vec4u(4u * i) + vec4u(0u, 1u, 2u, 3u)) % params.columns;
  y[i] = x[i] * vec4f(mask[c.x], mask[c.y], mask[c.z], mask[c.w]);
}
