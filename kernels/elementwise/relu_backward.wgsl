// dx = dy where y > 0, else 0 (y is relu's own output), elementwise, over vec4s (tensors are padded to whole vec4s).
// Scheme: lib/elementwise.wgsl. Traffic: 3 × 4 bytes an element; bound by bandwidth.

struct Params {
  vec4s: u32,
  span: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read> y: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>;

// @include lib/elementwise.wgsl
// A map over vec4s: a workgroup takes params.span consecutive ones, its lanes neighbouring ones in turn, and calls `map` for
// each below params.vec4s. A GPU wants short spans (and many workgroups), a processor one subgroup a workgroup that walks a
// long span in order. Four vec4s a turn make up for the loop, which costs a software driver as much as one of them.
const WORKGROUP: u32 = 64u; // @tune

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
  let first = workgroup_index(wid, nwg) * params.span;
  let end = min(first + params.span, params.vec4s);
  var i = first + lane;
  for (; i + 3u * WORKGROUP < end; i += 4u * WORKGROUP) {
    map(i);
    map(i + WORKGROUP);
    map(i + 2u * WORKGROUP);
    map(i + 3u * WORKGROUP);
  }
  for (; i < end; i += WORKGROUP) {
    map(i);
  }
}
// @end

fn map(i: u32) {
  dx[i] = select(vec4f(0.0), dy[i], y[i] > vec4f(0.0));
}
