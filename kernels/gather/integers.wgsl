// y[i] = x[first + i]: a stretch of integers, such as the labels of one of several views.
// Scheme: an invocation an integer. Traffic: 8 bytes each.
//
// @kernel integers

const WORKGROUP: u32 = 64u; // @tune

struct Params {
  count: u32,
  first: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<i32>;
@group(0) @binding(2) var<storage, read_write> y: array<i32>;

// @include lib/grid.wgsl

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = workgroup_index(wid, nwg) * WORKGROUP + lane;
  if (i < params.count) {
    y[i] = x[params.first + i];
  }
}
