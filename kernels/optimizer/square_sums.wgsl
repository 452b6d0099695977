// partials[s] = Σ x² over a span of parameters' values or gradients, or, with REFERENCE, Σ (x - r)²: the first pass of the norm of all
// gradients, and of the distance from what weights were.
// Layout: chunks of x and r in vec4s, equally laid out; a span's w says where its sum goes among those of all chunks.
// Scheme: as optimizer/spans.wgsl, a workgroup a span; its lanes' sums are added by a tree, in an order that never changes.
// Traffic: 4 bytes an element, 8 with a reference; bound by bandwidth.
//
// @kernel square_sums
// @variant _from REFERENCE

const WORKGROUP: u32 = 64u; // @tune

struct Params {
  spans: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
// x: first vec4; y: the one after the last; w: the span's number over all chunks.
@group(0) @binding(1) var<storage, read> spans: array<vec4u>;
@group(0) @binding(2) var<storage, read> values: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> partials: array<f32>;
// @if REFERENCE
@group(0) @binding(4) var<storage, read> reference: array<vec4f>;

fn deviation(i: u32) -> vec4f {
  return values[i] - reference[i];
}
// @else

fn deviation(i: u32) -> vec4f {
  return values[i];
}
// @end

// @include lib/grid.wgsl
// @include lib/workgroup_sum.wgsl

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
  var sum = 0.0;
  for (var i = span.x + lane; i < span.y; i += WORKGROUP) {
    let d = deviation(i);
    sum += dot(d, d);
  }
  let total = workgroup_sum(vec2f(sum, 0.0), lane).x;
  if (lane == 0u) {
    partials[span.w] = total;
  }
}
