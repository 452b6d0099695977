// How the rows of a batch are mixed: row r of 3 n is w_r z[a_r] + (1 - w_r) z[b_r], with
//   r < n: z_r itself; then 1 - λ_i of z_i and λ_i of z of `permutation`; then λ'_i of the hard positive and 1 - λ'_i of the hard negative,
// λ = max(least, mix), λ' = mix_hard. a group is the first row whose mixed label is exactly equal.
// Layout: rows [3 n] of (a, b, bits of w, group); all else [n].
// Scheme: an invocation a row, which walks over the rows before it. Traffic: (3 n)² labels, from cache.
// Source: Core-tuning, Zhang et al., arXiv 2102.06605, equations 3 and 4.
//
// @kernel table

const WORKGROUP: u32 = 64u; // @tune

struct Params {
  n: u32,
  least: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> permutation: array<i32>;
@group(0) @binding(2) var<storage, read> labels: array<i32>;
@group(0) @binding(3) var<storage, read> positive: array<i32>;
@group(0) @binding(4) var<storage, read> negative: array<i32>;
@group(0) @binding(5) var<storage, read> mix: array<f32>;
@group(0) @binding(6) var<storage, read> mix_hard: array<f32>;
// x, y: a and b; z: the bits of w; w: the group.
@group(0) @binding(7) var<storage, read_write> rows: array<vec4i>;

alias Value = f32;
// @include lib/grid.wgsl
// @include lib/nan.wgsl

fn row_of(r: u32) -> vec4i {
  let i = r % params.n;
  let block = r / params.n;
  let own = vec4i(i32(i), i32(i), bitcast<i32>(1.0), 0);
  let mixed = vec4i(i32(i), permutation[i], bitcast<i32>(1.0 - at_least(mix[i], params.least)), 0);
  let hard = vec4i(positive[i], negative[i], bitcast<i32>(mix_hard[i]), 0);
  return select(select(own, mixed, block == 1u), hard, block == 2u);
}

// Two classes in ascending order and the share of the first: one of both where the other has no share or is the same.
fn label_of(row: vec4i) -> vec3f {
  let share = bitcast<f32>(row.z);
  let a = labels[row.x];
  let b = labels[row.y];
  let pure = (a == b) | (share == 1.0) | (share == 0.0);
  let only = f32(select(a, b, share == 0.0));
  let ordered = select(vec3f(f32(b), f32(a), 1.0 - share), vec3f(f32(a), f32(b), share), a < b);
  return select(ordered, vec3f(only, only, 1.0), pure);
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let r = workgroup_index(wid, nwg) * WORKGROUP + lane;
  if (r >= 3u * params.n) {
    return;
  }
  var own = row_of(r);
  let label = label_of(own);
  var group = r;
  for (var other = 0u; other < r; other++) {
    let equal = all(label_of(row_of(other)) == label);
    group = select(group, other, equal & (group == r));
  }
  own.w = i32(group);
  rows[r] = own;
}
