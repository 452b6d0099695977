// The hardest partners of the rows of a strip of cosines s_ij: the least similar other row of the own class (the row itself where
// there is none), and the most similar row of another class (itself where there is none); the first of equals.
// With RELEASED as Core-tuning's released code has it: rows of other classes, and the row itself, count as 0 in the search for
// the former, whose result 0 stands for the row itself, and rows of its class as 0 in that for the latter.
// Layout: s [rows, columns], rows `first` and on of the batch; labels, positive and negative i32 [columns].
// Scheme: an invocation a row, one sweep. Traffic: s once.
// Source: Core-tuning, Zhang et al., arXiv 2102.06605, section 4.2.
//
// @kernel mine

const WORKGROUP: u32 = 64u; // @tune
const RELEASED: u32 = 0u; // @tune
const BEYOND: f32 = 1e30;

struct Params {
  rows: u32,
  columns: u32,
  first: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> s: array<f32>;
@group(0) @binding(2) var<storage, read> labels: array<i32>;
@group(0) @binding(3) var<storage, read_write> positive: array<i32>;
@group(0) @binding(4) var<storage, read_write> negative: array<i32>;

// @include lib/grid.wgsl

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = workgroup_index(wid, nwg) * WORKGROUP + lane;
  if (row >= params.rows) {
    return;
  }
  let i = params.first + row;
  let released = RELEASED == 1u;
  var least = BEYOND;
  var most = -BEYOND;
  var farthest = i;
  var nearest = i;
  for (var j = 0u; j < params.columns; j++) {
    let cosine = s[row * params.columns + j];
    let same = labels[j] == labels[i];
    let partner = same & (j != i);
    let low = select(select(BEYOND, 0.0, released), cosine, partner);
    let high = select(select(-BEYOND, 0.0, released), cosine, !same);
    farthest = select(farthest, j, low < least);
    least = min(least, low);
    nearest = select(nearest, j, high > most);
    most = max(most, high);
  }
  positive[i] = i32(select(farthest, i, released & (farthest == 0u)));
  negative[i] = i32(nearest);
}
