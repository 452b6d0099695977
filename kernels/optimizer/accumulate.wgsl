// sums += factor · gradients on a whole chunk: gradient accumulation over micro-batches.
// Layout: both are equally laid out chunks, in vec4s. rows has a number for each block of 64 floats; blocks with 0 have no
// gradient in this program and are left out.
// Scheme: an invocation adds SPAN consecutive vec4s of one block. Traffic: 3 × 4 bytes an element; bound by bandwidth.

const WORKGROUP: u32 = 64u; // @tune
const SPAN: u32 = 1u; // @tune
const VEC4S_PER_BLOCK: u32 = 16u;

struct Params {
  vec4s: u32,
  factor: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> rows: array<u32>;
@group(0) @binding(2) var<storage, read> gradients: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> sums: array<vec4f>;

// @include lib/grid.wgsl
// Folded grids: a dispatch that needs more workgroups than one dimension may hold (65,535) spreads them over x and y.

// The workgroup's number in x-major order. The last row may run past the count that is needed, so kernels check their
// bounds.
fn workgroup_index(wid: vec3u, nwg: vec3u) -> u32 {
  return wid.x + wid.y * nwg.x;
}
// @end

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let first = (workgroup_index(wid, nwg) * WORKGROUP + lane) * SPAN;
  if (first >= params.vec4s) {
    return;
  }
  if (rows[first / VEC4S_PER_BLOCK] == 0u) {
    return;
  }
  for (var i = first; i < first + SPAN; i++) {
    sums[i] += params.factor * gradients[i];
  }
}
