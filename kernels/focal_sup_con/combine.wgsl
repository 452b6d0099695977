// loss = Σ_i c_i F_i / Z, with Z the number of rows that have a positive and c_i one over a row's number of positives, or over n where
// over_columns is 1; 0 where Z is 0. rows gets vec4(lse_i, c_i / Z, Q_i, 0), which is all that the gradient needs.
// Scheme: one workgroup; an invocation takes every WORKGROUP-th row, twice. Traffic: 32 bytes a row.
//
// @kernel combine

const WORKGROUP: u32 = 256u; // @tune

struct Params {
  n: u32,
  over_columns: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> statistics: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> rows: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> loss: array<f32>;

// @include lib/workgroup_sum.wgsl

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(local_invocation_index) lane: u32) {
  var total = vec2f();
  for (var i = lane; i < params.n; i += WORKGROUP) {
    let found = statistics[i];
    let valid = select(0.0, 1.0, found.y > 0.0);
    let share = valid / select(max(found.y, 1.0), f32(params.n), params.over_columns == 1u);
    rows[i] = vec4f(found.x, share, found.w, 0.0);
    total += vec2f(share * found.z, valid);
  }
  let sums = workgroup_sum(total, lane);
  let scale = 1.0 / max(sums.y, 1.0);
  for (var i = lane; i < params.n; i += WORKGROUP) {
    rows[i] *= vec4f(1.0, scale, 1.0, 0.0);
  }
  if (lane == 0u) {
    loss[0] = scale * sums.x;
  }
}
