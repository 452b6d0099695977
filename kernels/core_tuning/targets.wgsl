// The mixed one-hot labels of the rows of core_tuning/table, and their groups by themselves.
// Layout: rows (a, b, bits of w, group), labels i32 [n], targets [count, columns], groups i32 [count].
// Scheme: lib/rows.wgsl, no reduction. Traffic: targets once.
//
// @kernel targets

struct Params {
  count: u32,
  columns: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> rows: array<vec4i>;
@group(0) @binding(2) var<storage, read> labels: array<i32>;
@group(0) @binding(3) var<storage, read_write> targets: array<f32>;
@group(0) @binding(4) var<storage, read_write> groups: array<i32>;

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
  let a = labels[own.x];
  let b = labels[own.y];
  let end = select(0u, params.columns, row < params.count);
  for (var c = lane % LANES; c < end; c += LANES) {
    let of_a = select(0.0, share, a == i32(c));
    let of_b = select(0.0, 1.0 - share, b == i32(c));
    targets[row * params.columns + c] = of_a + of_b;
  }
  if ((lane % LANES == 0u) & (row < params.count)) {
    groups[row] = own.w;
  }
}
