// y[i] = factor · x[0] for every element: the gradient of a sum or mean, over vec4s (tensors are padded to whole vec4s).
// Scheme: an invocation writes SPAN consecutive vec4s. Traffic: 4 bytes an element; bound by bandwidth.

const WORKGROUP: u32 = 64u; // @tune
const SPAN: u32 = 1u; // @tune

struct Params {
  vec4s: u32,
  factor: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<storage, read> x: array<f32>;

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
  let value = vec4f(params.factor * x[0]);
  for (var i = first; i < end; i++) {
    y[i] = value;
  }
}
