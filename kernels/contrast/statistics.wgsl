// How well rows find those of their label among others, from a strip of the cosines s_ij of unit vectors v_i and u_j: of each row i
// whether it has no positive, whether its nearest positive is nearer than all of other labels, the number of its positives
// and Σ |v_i - u_j|² = Σ (2 - 2 s_ij) over them, Σ exp(-2 |v_i - u_j|²) over all others and how many those are.
// Layout: s [rows, stride], of which `columns` count; labels those of the rows and of the columns alike; statistics two vec4s a
// row of the batch, so that sums over the rows are what is told. Where the columns are the rows themselves (own = 1) a row
// is none of its others. Scheme: lib/rows.wgsl, one sweep of a row. Traffic: s once.
// Source: Wang and Isola, "Understanding Contrastive Representation Learning through Alignment and Uniformity on the
// Hypersphere", ICML 2020; the top-1 is the accuracy that MoCo's and SimCLR's programs tell.
//
// @kernel statistics

struct Params {
  first: u32,
  rows: u32,
  columns: u32,
  stride: u32,
  own: u32,
}

// Stands for the maximum of nothing: below every cosine.
const LOWEST: f32 = -1e30;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> s: array<f32>;
@group(0) @binding(2) var<storage, read> labels: array<i32>;
@group(0) @binding(3) var<storage, read_write> statistics: array<vec4f>;

// @include lib/rows.wgsl

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = workgroup_index(wid, nwg) * ROWS + lane / LANES;
  let inside = min(row, params.rows - 1u);
  let part = lane % LANES;
  let i = params.first + inside;
  let label = labels[i];
  var nearest = LOWEST;
  var rival = LOWEST;
  var positives = 0.0;
  var distance = 0.0;
  var potential = 0.0;
  for (var j = part; j < params.columns; j += LANES) {
    let cosine = s[inside * params.stride + j];
    let other = (j != i) | (params.own == 0u);
    let positive = other & (labels[j] == label) & (label >= 0);
    let negative = other & !positive;
    nearest = select(nearest, max(nearest, cosine), positive);
    rival = select(rival, max(rival, cosine), negative);
    positives += select(0.0, 1.0, positive);
    distance += select(0.0, 2.0 - 2.0 * cosine, positive);
    potential += select(0.0, exp(4.0 * cosine - 4.0), other);
  }
  nearest = max_lanes(nearest, lane);
  rival = max_lanes(rival, lane);
  positives = sum_lanes(positives, lane);
  distance = sum_lanes(distance, lane);
  potential = sum_lanes(potential, lane);
  if ((row < params.rows) & (part == 0u)) {
    let alone = positives == 0.0;
    let found = !alone & (nearest > rival);
    statistics[2u * i] = vec4f(select(0.0, 1.0, alone), select(0.0, 1.0, found), positives, distance);
    statistics[2u * i + 1u] = vec4f(potential, f32(params.columns - params.own), 1.0, 0.0);
  }
}
