// Of each row i of a strip of similarities s_ij = v_i · v_j, with p_ij = exp(s_ij / temperature - lse_i) over j ≠ i and its positives P_i,
// the other rows of its group: lse_i, their number, F_i = -Σ_P (1 - p) log p, and Q_i = Σ_P ((1 - p) - p log p).
// Layout: s [rows, columns], rows `first` and on of the batch; groups i32 [columns]; statistics vec4(lse, count, F, Q) a row of the batch.
// Scheme: lib/rows.wgsl, three sweeps of a row. Traffic: s three times, twice from cache.
// Source: the focal contrastive loss of Core-tuning, Zhang et al., arXiv 2102.06605, equation 5.
//
// @kernel statistics

struct Params {
  rows: u32,
  columns: u32,
  first: u32,
  inverse_temperature: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> s: array<f32>;
@group(0) @binding(2) var<storage, read> groups: array<i32>;
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
  let group = groups[i];
  let start = inside * params.columns;
  var largest = -1e30;
  for (var j = part; j < params.columns; j += LANES) {
    largest = max(largest, select(-1e30, s[start + j] * params.inverse_temperature, j != i));
  }
  largest = max_lanes(largest, lane);
  var sum = 0.0;
  for (var j = part; j < params.columns; j += LANES) {
    // The row itself is masked, and must not overflow.
    let exponent = min(s[start + j] * params.inverse_temperature - largest, 1.0);
    sum += select(0.0, exp(exponent), j != i);
  }
  let total = sum_lanes(sum, lane);
  // A single row has no others to compare with.
  let lse = select(largest + log(total), 0.0, total == 0.0);
  var count = 0.0;
  var focal = 0.0;
  var slope = 0.0;
  for (var j = part; j < params.columns; j += LANES) {
    let positive = (groups[j] == group) & (j != i);
    let logarithm = s[start + j] * params.inverse_temperature - lse;
    let p = exp(min(logarithm, 0.0));
    count += select(0.0, 1.0, positive);
    focal += select(0.0, (p - 1.0) * logarithm, positive);
    slope += select(0.0, (1.0 - p) - p * logarithm, positive);
  }
  let found = vec4f(lse, sum_lanes(count, lane), sum_lanes(focal, lane), sum_lanes(slope, lane));
  if ((part == 0u) & (row < params.rows)) {
    statistics[i] = found;
  }
}
