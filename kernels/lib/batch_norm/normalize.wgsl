const RESIDUAL: u32 = 0u; // @tune
const RELU: u32 = 0u; // @tune

struct Params {
  rows: u32,
  columns: u32,
  chunk_rows: u32,
  partials: u32,
  partial_rows: u32,
  eps: f32,
  momentum: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Value>;
@group(0) @binding(2) var<storage, read> residual: array<Value>;
@group(0) @binding(3) var<storage, read> partials: array<Value>;
@group(0) @binding(4) var<storage, read> weight: array<Value>;
@group(0) @binding(5) var<storage, read> bias: array<Value>;
@group(0) @binding(6) var<storage, read_write> running_mean: array<Value>;
@group(0) @binding(7) var<storage, read_write> running_var: array<Value>;
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

// @include lib/batch_norm/moments.wgsl
// Mean and sum of squared deviations of rows.
struct Moments {
  mean: Value,
  squares: Value,
}

// Of `count` rows, from the row lanes' sums about a value near the mean, so that squares do not cancel; every lane gets them.
fn moments_about(about: Value, sum: Value, squares: Value, count: u32, lane: u32) -> Moments {
  let total = sum_row_lanes(sum, lane);
  let mean = total / f32(count);
  return Moments(about + mean, max(sum_row_lanes(squares, lane) - total * mean, Value(0.0)));
}
// @end

// @include lib/batch_norm/combine.wgsl
// The moments of a column from the partials `first` to `end` of its chunks of rows, the same bits in every workgroup. Chan, Golub
// and LeVeque's formula (1979), but with sums about the first chunk's mean: a mean far from 0 is rounded only at the end.
fn combine_partials(column: u32, lane: u32, first: u32, end: u32) -> Moments {
  let about = partials[2u * first * params.columns + column];
  var sum = Value(0.0);
  var squares = Value(0.0);
  for (var chunk = first + lane / COLUMN_LANES; chunk < end; chunk += ROW_LANES) {
    let at = 2u * chunk * params.columns + column;
    let count = f32(min(params.partial_rows, params.rows - chunk * params.partial_rows));
    let distance = partials[at] - about;
    sum += count * distance;
    squares += partials[at + params.columns] + count * distance * distance;
  }
  let count = min(end * params.partial_rows, params.rows) - first * params.partial_rows;
  return moments_about(about, sum, squares, count, lane);
}
// @end

fn normalize(at: u32, mean: Value, scale: Value, offset: Value) {
  var value = (x[at] - mean) * scale + offset;
  if (RESIDUAL == 1u) {
    value += residual[at];
  }
  if (RELU == 1u) {
    value = max(value, Value(0.0));
  }
  y[at] = value;
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let column = wid.x * COLUMN_LANES + lane % COLUMN_LANES;
  let row_lane = lane / COLUMN_LANES;
  let inside = min(column, params.columns - 1u);
  let moments = combine_partials(inside, lane, 0u, params.partials);
  let mean = moments.mean;
  let scale = weight[inside] * inverseSqrt(moments.squares / f32(params.rows) + params.eps);
  let offset = bias[inside];

  // Lanes beyond the last column get no rows.
  let end = select(0u, min((wid.y + 1u) * params.chunk_rows, params.rows), column < params.columns);
  let first = wid.y * params.chunk_rows + row_lane;
  let stride = ROW_LANES * params.columns;
  var at = first * params.columns + inside;
  var row = first;
  // Four rows a turn make up for the loop, which costs a software driver as much as one of them.
  for (; row + 3u * ROW_LANES < end; row += 4u * ROW_LANES) {
    normalize(at, mean, scale, offset);
    normalize(at + stride, mean, scale, offset);
    normalize(at + 2u * stride, mean, scale, offset);
    normalize(at + 3u * stride, mean, scale, offset);
    at += 4u * stride;
  }
  for (; row < end; row += ROW_LANES) {
    normalize(at, mean, scale, offset);
    at += stride;
  }

  if (column < params.columns && row_lane == 0u && wid.y == 0u) {
    let unbiased = moments.squares / f32(params.rows - 1u);
    running_mean[column] += params.momentum * (mean - running_mean[column]);
    running_var[column] += params.momentum * (unbiased - running_var[column]);
  }
}
