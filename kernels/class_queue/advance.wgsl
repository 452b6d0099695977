// pointer = (pointer + rows of the class) mod length for each class, after class_queue/enqueue. An invocation a class.
//
// @kernel advance

const WORKGROUP: u32 = 64u; // @tune

struct Params {
  rows: u32,
  classes: u32,
  length: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> labels: array<i32>;
@group(0) @binding(2) var<storage, read_write> pointers: array<i32>;

// @include lib/grid.wgsl

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = workgroup_index(wid, nwg) * WORKGROUP + lane;
  if (index >= params.classes) {
    return;
  }
  var count = 0u;
  for (var i = 0u; i < params.rows; i++) {
    count += select(0u, 1u, labels[i] == i32(index));
  }
  pointers[index] = i32((u32(pointers[index]) + count) % params.length);
}
