// Replaces the oldest keys of a queue: queue[(pointer + i) mod length] = keys[i]; key_queue/advance then moves the pointer, in a
// dispatch of its own because all workgroups read it here.
// Layout: queue [length, d], keys [rows, d], rows at most length; pointer i32 [1].
// Scheme: lib/rows.wgsl, no reduction. Traffic: keys once each way.
//
// @kernel enqueue

struct Params {
  rows: u32,
  d: u32,
  length: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> keys: array<f32>;
@group(0) @binding(2) var<storage, read> pointer: array<i32>;
@group(0) @binding(3) var<storage, read_write> queue: array<f32>;

// @include lib/rows.wgsl

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = workgroup_index(wid, nwg) * ROWS + lane / LANES;
  let place = (u32(pointer[0]) + row) % params.length;
  // Rows beyond the last one get no columns.
  let end = select(0u, params.d, row < params.rows);
  for (var c = lane % LANES; c < end; c += LANES) {
    queue[place * params.d + c] = keys[row * params.d + c];
  }
}
