// A partner of its own class and one of another for each row of a batch, from a random class-wise graph: rows are visited in the
// order of `rank`, and each takes partners, all equally likely, among those visited before; where there are none, among the
// whole batch. A row alone in its class is its own partner; where there is no other class, negative is -1.
// Layout: labels, rank, positive and negative i32 [n]; draws f32 [2 n], in [0, 1), for positives, then negatives.
// Scheme: an invocation a row, which walks over the batch twice for each partner. Traffic: n² labels, from cache.
// Source: mix-and-match tuning, Zhan et al., arXiv 1712.00661, as released.
//
// @kernel select

const WORKGROUP: u32 = 64u; // @tune

struct Params {
  n: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> labels: array<i32>;
@group(0) @binding(2) var<storage, read> rank: array<i32>;
@group(0) @binding(3) var<storage, read> draws: array<f32>;
@group(0) @binding(4) var<storage, read_write> positive: array<i32>;
@group(0) @binding(5) var<storage, read_write> negative: array<i32>;

// @include lib/grid.wgsl

fn is_candidate(i: u32, j: u32, of_class: bool, visited_only: bool) -> bool {
  let fits = (labels[j] == labels[i]) == of_class;
  return fits & (j != i) & ((rank[j] < rank[i]) | !visited_only);
}

fn partner(i: u32, of_class: bool, draw: f32, otherwise: i32) -> i32 {
  var visited = 0u;
  var all = 0u;
  for (var j = 0u; j < params.n; j++) {
    visited += select(0u, 1u, is_candidate(i, j, of_class, true));
    all += select(0u, 1u, is_candidate(i, j, of_class, false));
  }
  let count = select(all, visited, visited > 0u);
  // draw · count may round up to count.
  let wanted = min(u32(draw * f32(count)), max(count, 1u) - 1u);
  var found = otherwise;
  var before = 0u;
  for (var j = 0u; j < params.n; j++) {
    let fits = is_candidate(i, j, of_class, visited > 0u);
    found = select(found, i32(j), fits & (before == wanted));
    before += select(0u, 1u, fits);
  }
  return found;
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = workgroup_index(wid, nwg) * WORKGROUP + lane;
  if (i >= params.n) {
    return;
  }
  positive[i] = partner(i, true, draws[i], i32(i));
  negative[i] = partner(i, false, draws[params.n + i], -1);
}
