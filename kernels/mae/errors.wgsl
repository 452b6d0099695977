// The mean square error of each row of a prediction: errors[row] = mean over columns of (pred - target)².
// Layout: target_rows [rows, columns], rows = batch · tokens; pred has `extra` rows more before those of each image, which do not
// count. Scheme: lib/rows.wgsl. Traffic: pred and target once.
//
// @kernel errors

struct Params {
  rows: u32,
  columns: u32,
  tokens: u32,
  extra: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> pred: array<f32>;
@group(0) @binding(2) var<storage, read> target_rows: array<f32>;
@group(0) @binding(3) var<storage, read_write> errors: array<f32>;

// @include lib/rows.wgsl

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = workgroup_index(wid, nwg) * ROWS + lane / LANES;
  let inside = min(row, params.rows - 1u);
  let predicted = (inside + (inside / params.tokens + 1u) * params.extra) * params.columns;
  let start = inside * params.columns;
  var sum = 0.0;
  for (var c = lane % LANES; c < params.columns; c += LANES) {
    let difference = pred[predicted + c] - target_rows[start + c];
    sum += difference * difference;
  }
  let total = sum_lanes(sum, lane) / f32(params.columns);
  if ((row < params.rows) & (lane % LANES == 0u)) {
    errors[row] = total;
  }
}
