// Batch normalisation, evaluation, forward: y = act((x - running_mean) · weight / sqrt(running_var + eps) + bias [+ residual]),
// act the identity or ReLU; x, y, residual [rows, columns] (NHWC). For the backward pass it leaves `partials` as a training
// pass of one chunk would: [mean][variance · rows].
// Scheme: lib/columns.wgsl. Traffic: x, [residual] and y once each; bound by bandwidth.
// Columns are taken by fours and are a multiple of 4; with SCALAR one by one, any number.
//
// @kernel evaluate
// @kernel evaluate_scalar SCALAR
// @include lib/value.wgsl
// @include lib/activation.wgsl

const RESIDUAL: u32 = 0u; // @tune

struct Params {
  rows: u32,
  columns: u32,
  chunk_rows: u32,
  eps: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Value>;
@group(0) @binding(2) var<storage, read> residual: array<Value>;
@group(0) @binding(3) var<storage, read> weight: array<Value>;
@group(0) @binding(4) var<storage, read> bias: array<Value>;
@group(0) @binding(5) var<storage, read> running_mean: array<Value>;
@group(0) @binding(6) var<storage, read> running_var: array<Value>;
@group(0) @binding(7) var<storage, read_write> partials: array<Value>;
@group(0) @binding(8) var<storage, read_write> y: array<Value>;

// @include lib/columns.wgsl

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let place = block_and_chunk(wid, nwg);
  let chunk = place.y;
  if (chunk * params.chunk_rows >= params.rows) {
    return;
  }
  let column = place.x * COLUMN_LANES + lane % COLUMN_LANES;
  let row_lane = lane / COLUMN_LANES;
  let inside = min(column, params.columns - 1u);
  let mean = running_mean[inside];
  let variance = running_var[inside];
  let scale = weight[inside] * inverseSqrt(variance + params.eps);
  let offset = bias[inside];

  // Lanes beyond the last column get no rows.
  let end = select(0u, min((chunk + 1u) * params.chunk_rows, params.rows), column < params.columns);
  let first = chunk * params.chunk_rows + row_lane;
  let stride = ROW_LANES * params.columns;
  var at = first * params.columns + inside;
  for (var row = first; row < end; row += ROW_LANES) {
    var value = (x[at] - mean) * scale + offset;
    if (RESIDUAL == 1u) {
      value += residual[at];
    }
    y[at] = activated(value);
    at += stride;
  }

  if (column < params.columns && row_lane == 0u && chunk == 0u) {
    partials[column] = mean;
    partials[params.columns + column] = variance * f32(params.rows);
  }
}
