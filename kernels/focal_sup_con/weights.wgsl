// Turns a strip of similarities into the weights of the gradient, in place: w_ij = dy / temperature (g_ij + g_ji), g_ij = κ_i (p_ij Q_i - q_ij),
// q_ij = (1 - p_ij) - p_ij log p_ij at positives, else 0; w_ii = 0. Since similarities are symmetric, the gradient is W v.
// Layout: s [rows, columns], rows `first` and on; row_values vec4(lse, κ, Q, 0) a row of the batch; groups i32 [columns].
// Scheme: lib/rows.wgsl, no reduction. Traffic: s once each way.
//
// @kernel weights

struct Params {
  rows: u32,
  columns: u32,
  first: u32,
  inverse_temperature: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> row_values: array<vec4f>;
@group(0) @binding(3) var<storage, read> groups: array<i32>;
@group(0) @binding(4) var<storage, read_write> s: array<f32>;

// @include lib/rows.wgsl

fn part_of(own: vec4f, similarity: f32, positive: bool) -> f32 {
  let logarithm = similarity - own.x;
  let p = exp(min(logarithm, 0.0));
  return own.y * (p * own.z - select(0.0, (1.0 - p) - p * logarithm, positive));
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = workgroup_index(wid, nwg) * ROWS + lane / LANES;
  let inside = min(row, params.rows - 1u);
  let i = params.first + inside;
  let own = row_values[i];
  let group = groups[i];
  let factor = dy[0] * params.inverse_temperature;
  let start = inside * params.columns;
  let end = select(0u, params.columns, row < params.rows);
  for (var j = lane % LANES; j < end; j += LANES) {
    let similarity = s[start + j] * params.inverse_temperature;
    let positive = groups[j] == group;
    let both = part_of(own, similarity, positive) + part_of(row_values[j], similarity, positive);
    s[start + j] = select(factor * both, 0.0, j == i);
  }
}
