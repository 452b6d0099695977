// What the passes of attention share: sizes, and how an invocation walks the rows of a sequence of one head four at a time.
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

alias Row = array<Value, DEPTH>;

// Where row `first + step` of a sequence that ends before `end` begins; the last row stands in for those beyond it.
fn row_start(first: u32, step: u32, end: u32) -> u32 {
  return min(first + step, end - 1u) * DEPTH;
}

// 1 for rows of a block of four that are inside of the sequence, 0 for others.
fn row_mask(first: u32, end: u32) -> vec4f {
  return select(vec4f(0.0), vec4f(1.0), vec4u(first) + vec4u(0u, 1u, 2u, 3u) < vec4u(end));
}
