// The gradient of core_tuning/mix by z: dz_j = Σ_r ([a_r = j] w_r + [b_r = j] (1 - w_r)) dy_r over the rows from `skip` on.
// Layout: as mix. Scheme: lib/rows.wgsl; each row of z looks through all of y, so that nothing is added by two invocations.
// Traffic: dz once; dy where it takes part.
//
// @kernel mix_backward

struct Params {
  n: u32,
  count: u32,
  columns: u32,
  skip: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> rows: array<vec4i>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dz: array<f32>;

// @include lib/rows.wgsl

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let j = workgroup_index(wid, nwg) * ROWS + lane / LANES;
  let end = select(0u, params.columns, j < params.n);
  for (var c = lane % LANES; c < end; c += LANES) {
    var sum = 0.0;
    for (var r = params.skip; r < params.count; r++) {
      let row = rows[r];
      let share = bitcast<f32>(row.z);
      let weight = select(0.0, share, row.x == i32(j)) + select(0.0, 1.0 - share, row.y == i32(j));
      sum += weight * dy[r * params.columns + c];
    }
    dz[j * params.columns + c] = sum;
  }
}
