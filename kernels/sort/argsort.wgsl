// The order of each row's keys, ascending and stable: order[row][r] = the place of the r-th smallest key, and the inverse,
// rank[row][place] = how many keys come before it (smaller ones, and equal ones further left).
// With `extra` places before those of the keys, which keep theirs: order and rank begin with 0, 1, ..., and count from there.
// Layout: keys [rows, columns], order and rank i32 [rows, extra + columns]. Keys are no NaN.
// Scheme: an invocation a key counts those before it. Work grows with columns², which is nothing for the some hundred tokens of an
// image or images of a batch that are shuffled. Traffic: each key is read `columns` times, from cache.
//
// @kernel argsort

const WORKGROUP: u32 = 64u; // @tune

struct Params {
  rows: u32,
  columns: u32,
  extra: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> keys: array<f32>;
@group(0) @binding(2) var<storage, read_write> order: array<i32>;
@group(0) @binding(3) var<storage, read_write> rank: array<i32>;

// @include lib/grid.wgsl

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = workgroup_index(wid, nwg) * WORKGROUP + lane;
  let all = params.extra + params.columns;
  if (at >= params.rows * all) {
    return;
  }
  let row = at / all;
  let place = at % all;
  if (place < params.extra) {
    rank[at] = i32(place);
    order[at] = i32(place);
    return;
  }
  let row_start = row * params.columns;
  let own_at = row_start + place - params.extra;
  let own = keys[own_at];
  var before = params.extra;
  for (var other = row_start; other < row_start + params.columns; other++) {
    let key = keys[other];
    before += select(0u, 1u, (key < own) | ((key == own) & (other < own_at)));
  }
  rank[at] = i32(before);
  order[row * all + before] = i32(place);
}
