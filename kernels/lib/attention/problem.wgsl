const WORKGROUP: u32 = 64u; // @tune
// Values of a row of one head; register arrays need it as a constant.
const DEPTH: u32 = 16u; // @tune

struct Params {
  rows: u32,
  length: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;

// @include lib/grid.wgsl
// Folded grids: a dispatch that needs more workgroups than one dimension may hold (65,535) spreads them over x and y.

// The workgroup's number in x-major order. The last row may run past the count that is needed, so kernels check their
// bounds.
fn workgroup_index(wid: vec3u, nwg: vec3u) -> u32 {
  return wid.x + wid.y * nwg.x;
}
// @end

alias Row = array<Value, DEPTH>;

// Where row `first + step` of a sequence that ends before `end` begins; the last row stands in for those beyond it.
fn row_start(first: u32, step: u32, end: u32) -> u32 {
  return min(first + step, end - 1u) * DEPTH;
}

// 1 for rows of a block of four that are inside of the sequence, 0 for others.
fn row_mask(first: u32, end: u32) -> vec4f {
  return select(vec4f(0.0), vec4f(1.0), vec4u(first) + vec4u(0u, 1u, 2u, 3u) < vec4u(end));
}
