// pointer = (pointer + rows) mod length, after key_queue/enqueue. One invocation.
//
// @kernel advance

struct Params {
  rows: u32,
  length: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> pointer: array<i32>;

@compute @workgroup_size(1)
fn main() {
  pointer[0] = i32((u32(pointer[0]) + params.rows) % params.length);
}
