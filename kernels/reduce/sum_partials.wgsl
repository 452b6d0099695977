// total[i] = Σ_s partials[s, i], s in ascending order, so that two runs give the same bits; or that added to what total holds,
// or its positive part.
// Layout: `splits` partials of `vec4s` vec4s one after the other.
// Scheme: an invocation adds one vec4 of all partials and asks for four at a time.
// Traffic: every partial read once, the total written once.

const WORKGROUP: u32 = 64u; // @tune
// Whether the sum is added to what total holds.
const ACCUMULATE: u32 = 0u; // @tune
const RELU: u32 = 0u; // @tune

struct Params {
  vec4s: u32,
  splits: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> partials: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> total: array<vec4f>;

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
  let i = workgroup_index(wid, nwg) * WORKGROUP + lane;
  if (i >= params.vec4s) {
    return;
  }
  var sum = vec4f();
  let fours = params.splits / 4u * 4u;
  for (var s = 0u; s < fours; s += 4u) {
    let at = s * params.vec4s + i;
    let first = partials[at];
    let second = partials[at + params.vec4s];
    let third = partials[at + 2u * params.vec4s];
    let fourth = partials[at + 3u * params.vec4s];
    sum = sum + first + second + third + fourth;
  }
  for (var s = fours; s < params.splits; s++) {
    sum += partials[s * params.vec4s + i];
  }
  if (ACCUMULATE == 1u) {
    sum += total[i];
  }
  if (RELU == 1u) {
    sum = max(sum, vec4f());
  }
  total[i] = sum;
}
