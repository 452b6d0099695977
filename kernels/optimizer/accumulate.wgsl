// sums += factor · gradients on the trained parameters of a chunk: gradient accumulation over micro-batches.
// Layout: both are equally laid out chunks, in vec4s. What has no gradient in this program is in no span.
// Scheme: lib/spans.wgsl. Traffic: 3 × 4 bytes an element; bound by bandwidth.

struct Params {
  spans: u32,
  factor: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> gradients: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> sums: array<vec4f>;

fn numbers(parameter: u32) -> vec4f {
  return vec4f(params.factor);
}

fn update(i: u32, own: vec4f) {
  sums[i] += own.x * gradients[i];
}

// @include lib/spans.wgsl
// A map over the vec4s of parameters: a workgroup takes the span of one parameter that `spans` names, its lanes neighbouring
// vec4s in turn, and calls `update` for each with the parameter's `numbers`. A GPU wants short spans (and many workgroups), a
// processor one subgroup a workgroup that walks a long span in order. An update reads and writes several streams, so that
// more than one a turn gains nothing. What no span covers is left as it is to the bit.
const WORKGROUP: u32 = 64u; // @tune

// x: first vec4; y: the one after the last; z: the parameter's number.
@group(0) @binding(1) var<storage, read> spans: array<vec4u>;

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
  let index = workgroup_index(wid, nwg);
  if (index >= params.spans) {
    return;
  }
  let span = spans[index];
  let own = numbers(span.z);
  for (var i = span.x + lane; i < span.y; i += WORKGROUP) {
    update(i, own);
  }
}
// @end
