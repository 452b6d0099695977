// y_r = w_r z[a_r] + (1 - w_r) z[b_r], with the rows of core_tuning/table.
// Layout: z [n, columns], rows (a, b, bits of w, group), y [count, columns].
// Scheme: lib/rows.wgsl, no reduction. Traffic: y once, z three times, mostly from cache.
//
// @kernel mix

struct Params {
  count: u32,
  columns: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> rows: array<vec4i>;
@group(0) @binding(2) var<storage, read> z: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

// @include lib/rows.wgsl

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = workgroup_index(wid, nwg) * ROWS + lane / LANES;
  let own = rows[min(row, params.count - 1u)];
  let share = bitcast<f32>(own.z);
  // Rows beyond the last one get no columns.
  let end = select(0u, params.columns, row < params.count);
  for (var c = lane % LANES; c < end; c += LANES) {
    let a = z[u32(own.x) * params.columns + c];
    let b = z[u32(own.y) * params.columns + c];
    y[row * params.columns + c] = share * a + (1.0 - share) * b;
  }
}
