// dx = dy without the last column: the gradient of class_queue/homogeneous by features.
// Layout: dy [rows, columns + 1], dx [rows, columns]. Scheme: lib/rows.wgsl, no reduction. Traffic: both once.
//
// @kernel narrow

struct Params {
  rows: u32,
  columns: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;

// @include lib/rows.wgsl

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = workgroup_index(wid, nwg) * ROWS + lane / LANES;
  let end = select(0u, params.columns, row < params.rows);
  for (var c = lane % LANES; c < end; c += LANES) {
    dx[row * params.columns + c] = dy[row * (params.columns + 1u) + c];
  }
}
