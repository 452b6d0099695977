// Batch normalisation, evaluation, forward: y = act((x - running_mean) · weight / sqrt(running_var + eps) + bias [+ residual]),
// act the identity or ReLU; x, y, residual [rows, columns] (NHWC). For the backward pass it leaves `partials` as a training
// pass of one chunk would: [mean][variance · rows].
// Scheme: lib/columns.wgsl. Traffic: x, [residual] and y once each; bound by bandwidth.
// Needs a multiple of 4 columns; evaluate_scalar.wgsl takes any.

alias Value = vec4f;

// @include lib/batch_norm/evaluate.wgsl
const RESIDUAL: u32 = 0u; // @tune
const RELU: u32 = 0u; // @tune

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
// Work down the columns of a row-major [rows, columns] tensor of `Value`s (f32 or vec4f): a workgroup takes COLUMN_LANES
// neighbouring columns and a chunk of rows, whose rows its ROW_LANES lanes take in turn, so that it reads whole stretches
// of memory. Software drivers set ROW_LANES to 1 where they can: then there is no barrier. No invocation returns early, so
// that control flow stays uniform; lanes beyond the last column repeat it and write nothing.
const COLUMN_LANES: u32 = 8u; // @tune
const ROW_LANES: u32 = 4u; // @tune
const WORKGROUP: u32 = COLUMN_LANES * ROW_LANES;

var<workgroup> lane_values: array<Value, WORKGROUP>;

// The sum over the row lanes of a column, always in the order of the lanes; every lane gets it.
fn sum_row_lanes(value: Value, lane: u32) -> Value {
  if (ROW_LANES == 1u) {
    return value;
  }
  lane_values[lane] = value;
  workgroupBarrier();
  let column_lane = lane % COLUMN_LANES;
  var total = lane_values[column_lane];
  for (var row_lane = 1u; row_lane < ROW_LANES; row_lane++) {
    total += lane_values[row_lane * COLUMN_LANES + column_lane];
  }
  workgroupBarrier();
  return total;
}
// @end

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let column = wid.x * COLUMN_LANES + lane % COLUMN_LANES;
  let row_lane = lane / COLUMN_LANES;
  let inside = min(column, params.columns - 1u);
  let mean = running_mean[inside];
  let variance = running_var[inside];
  let scale = weight[inside] * inverseSqrt(variance + params.eps);
  let offset = bias[inside];

  // Lanes beyond the last column get no rows.
  let end = select(0u, min((wid.y + 1u) * params.chunk_rows, params.rows), column < params.columns);
  let first = wid.y * params.chunk_rows + row_lane;
  let stride = ROW_LANES * params.columns;
  var at = first * params.columns + inside;
  for (var row = first; row < end; row += ROW_LANES) {
    var value = (x[at] - mean) * scale + offset;
    if (RESIDUAL == 1u) {
      value += residual[at];
    }
    if (RELU == 1u) {
      value = max(value, Value(0.0));
    }
    y[at] = value;
    at += stride;
  }

  if (column < params.columns && row_lane == 0u && wid.y == 0u) {
    partials[column] = mean;
    partials[params.columns + column] = variance * f32(params.rows);
  }
}
// @end
