// The rate at which kernels move memory, for benchmarks: y = x, over vec4s.
// Scheme: lib/elementwise.wgsl. Traffic: 2 × 4 bytes an element and nothing else to do.

struct Params {
  vec4s: u32,
  span: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

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
  y[i] = x[i];
}
