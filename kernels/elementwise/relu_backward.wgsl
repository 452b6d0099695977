// dx = dy where y > 0, else 0 (y is relu's own output), elementwise, over vec4s (tensors are padded to whole vec4s).
// Scheme: an invocation maps SPAN consecutive vec4s. Traffic: 3 × 4 bytes an element; bound by bandwidth.

const WORKGROUP: u32 = 64u; // @tune
const SPAN: u32 = 1u; // @tune

struct Params {
  vec4s: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read> y: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>;

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
  let end = min(first + SPAN, params.vec4s);
  for (var i = first; i < end; i++) {
    dx[i] = select(vec4f(0.0), dy[i], y[i] > vec4f(0.0));
  }
}
