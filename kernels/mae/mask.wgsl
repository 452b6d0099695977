// Which tokens are hidden: mask[row][i] = 1 where rank[row][extra + i] ≥ extra + kept, else 0, for tokens in the order of
// sort/argsort of which `kept` stay, besides `extra` ones before them that always do.
// Layout: mask [rows, columns], rank [rows, extra + columns]. Scheme: an invocation a token. Traffic: 8 bytes a token.
//
// @kernel mask

const WORKGROUP: u32 = 64u; // @tune

struct Params {
  rows: u32,
  columns: u32,
  extra: u32,
  kept: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> rank: array<i32>;
@group(0) @binding(2) var<storage, read_write> mask: array<f32>;

// @include lib/grid.wgsl

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = workgroup_index(wid, nwg) * WORKGROUP + lane;
  if (at >= params.rows * params.columns) {
    return;
  }
  let row = at / params.columns;
  let place = row * (params.columns + params.extra) + params.extra + at % params.columns;
  mask[at] = select(0.0, 1.0, u32(rank[place]) >= params.extra + params.kept);
}
