// y[row] = [x[source], last]: a vector with one more element. Plain: source = row, last = 1: features in homogeneous coordinates.
// With OF_CLASS: source = labels[row], x a classifier's weights [columns, classes], last its bias: the row's class's weights.
// Layout: y [rows, columns + 1]. Scheme: lib/rows.wgsl, no reduction. Traffic: x and y once.
//
// @kernel homogeneous

const OF_CLASS: u32 = 0u; // @tune

struct Params {
  rows: u32,
  columns: u32,
  classes: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> labels: array<i32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

// @include lib/rows.wgsl

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = workgroup_index(wid, nwg) * ROWS + lane / LANES;
  let inside = min(row, params.rows - 1u);
  let is_class = OF_CLASS == 1u;
  let label = select(0u, u32(labels[inside]), is_class);
  let end = select(0u, params.columns + 1u, row < params.rows);
  for (var c = lane % LANES; c < end; c += LANES) {
    let within = min(c, params.columns - 1u);
    let value = x[select(inside * params.columns + within, within * params.classes + label, is_class)];
    let last = select(1.0, bias[label], is_class);
    y[inside * (params.columns + 1u) + c] = select(value, last, c == params.columns);
  }
}
