// backward_sums.wgsl for any number of columns, one at a time: see there.

// @include lib/scalar.wgsl
// Values of one column.
alias Value = f32;

fn horizontal_sum(value: Value) -> f32 {
  return value;
}

fn horizontal_max(value: Value) -> f32 {
  return value;
}

fn product_sum(a: Value, b: Value) -> f32 {
  return a * b;
}
// @end

// @include lib/layer_norm/backward_sums.wgsl
struct Params {
  rows: u32,
  columns: u32,
  chunk_rows: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<Value>;
@group(0) @binding(2) var<storage, read> x: array<Value>;
@group(0) @binding(3) var<storage, read> saved: array<vec2f>;
@group(0) @binding(4) var<storage, read_write> sums: array<Value>;

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
  let end = min((wid.y + 1u) * params.chunk_rows, params.rows);
  let first = wid.y * params.chunk_rows + row_lane;
  let stride = ROW_LANES * params.columns;
  var at = first * params.columns + min(column, params.columns - 1u);
  var sum = Value(0.0);
  var products = Value(0.0);
  for (var row = first; row < end; row += ROW_LANES) {
    let gradient = dy[at];
    let statistics = saved[row];
    sum += gradient;
    products += gradient * ((x[at] - statistics.x) * statistics.y);
    at += stride;
  }
  sum = sum_row_lanes(sum, lane);
  products = sum_row_lanes(products, lane);
  if (column < params.columns && row_lane == 0u) {
    let to = 2u * wid.y * params.columns + column;
    sums[to] = sum;
    sums[to + params.columns] = products;
  }
}
// @end
