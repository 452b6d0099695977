const RELU: u32 = 0u; // @tune

struct Params {
  rows: u32,
  columns: u32,
  chunk_rows: u32,
  sums: u32,
  mean_factor: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<Value>;
@group(0) @binding(2) var<storage, read> y: array<Value>;
@group(0) @binding(3) var<storage, read> x: array<Value>;
@group(0) @binding(4) var<storage, read> weight: array<Value>;
@group(0) @binding(5) var<storage, read> sums: array<Value>;
@group(0) @binding(6) var<storage, read_write> dx: array<Value>;
@group(0) @binding(7) var<storage, read_write> dweight: array<Value>;
@group(0) @binding(8) var<storage, read_write> dbias: array<Value>;

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

// @include lib/affine_sums.wgsl
// The sums over all chunks of partial sums [chunks][bias, weight][columns], the same bits in every workgroup.
struct Sums {
  bias: Value,
  weight: Value,
}

fn combine_sums(column: u32, lane: u32) -> Sums {
  var sum = Value(0.0);
  var products = Value(0.0);
  for (var chunk = lane / COLUMN_LANES; chunk < params.sums; chunk += ROW_LANES) {
    let at = 2u * chunk * params.columns + column;
    sum += sums[at];
    products += sums[at + params.columns];
  }
  return Sums(sum_row_lanes(sum, lane), sum_row_lanes(products, lane));
}
// @end

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let column = wid.x * COLUMN_LANES + lane % COLUMN_LANES;
  let row_lane = lane / COLUMN_LANES;
  let inside = min(column, params.columns - 1u);
  let total = combine_sums(inside, lane);
  let mean = sums[2u * params.sums * params.columns + inside];
  let inverse_deviation = sums[(2u * params.sums + 1u) * params.columns + inside];
  let scale = weight[inside] * inverse_deviation;
  let mean_gradient = total.bias * params.mean_factor;
  let slope = total.weight * inverse_deviation * params.mean_factor;

  // Lanes beyond the last column get no rows.
  let end = select(0u, min((wid.y + 1u) * params.chunk_rows, params.rows), column < params.columns);
  let first = wid.y * params.chunk_rows + row_lane;
  let stride = ROW_LANES * params.columns;
  var at = first * params.columns + inside;
  for (var row = first; row < end; row += ROW_LANES) {
    var gradient = dy[at];
    if (RELU == 1u) {
      gradient = select(Value(0.0), gradient, y[at] > Value(0.0));
    }
    dx[at] = scale * (gradient - mean_gradient - slope * (x[at] - mean));
    at += stride;
  }

  if (column < params.columns && row_lane == 0u && wid.y == 0u) {
    dweight[column] = total.weight;
    dbias[column] = total.bias;
  }
}
