// Replaces the oldest keys of each class: the r-th row of a class in the batch goes to the place (pointer + r) mod length of the
// class's queue. Of more rows than it holds the last stay, so that none is written twice. class_queue/advance moves the pointers.
// Layout: queue [classes, length, d], keys [rows, d], labels i32 [rows], pointers i32 [classes].
// Scheme: lib/rows.wgsl; each row counts its class's. Traffic: keys once each way, labels from cache.
//
// @kernel enqueue

struct Params {
  rows: u32,
  d: u32,
  length: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> keys: array<f32>;
@group(0) @binding(2) var<storage, read> labels: array<i32>;
@group(0) @binding(3) var<storage, read> pointers: array<i32>;
@group(0) @binding(4) var<storage, read_write> queue: array<f32>;

// @include lib/rows.wgsl

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = workgroup_index(wid, nwg) * ROWS + lane / LANES;
  let inside = min(row, params.rows - 1u);
  let label = labels[inside];
  var before = 0u;
  var behind = 0u;
  for (var i = 0u; i < params.rows; i++) {
    let same = labels[i] == label;
    before += select(0u, 1u, same & (i < inside));
    behind += select(0u, 1u, same & (i > inside));
  }
  let place = u32(label) * params.length + (u32(pointers[label]) + before) % params.length;
  // Rows beyond the last one, and those that later ones replace, get no columns.
  let end = select(0u, params.d, (row < params.rows) & (behind < params.length));
  for (var c = lane % LANES; c < end; c += LANES) {
    queue[place * params.d + c] = keys[inside * params.d + c];
  }
}
