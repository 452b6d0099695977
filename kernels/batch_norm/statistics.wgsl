// Batch normalisation, training, forward 1 of 2: partial statistics of x [rows, columns] (NHWC, rows = N·H·W, columns = C).
//   partials[chunk][0][c] = mean of the chunk's rows, partials[chunk][1][c] = their sum of squared deviations.
// Scheme: lib/columns.wgsl; lanes sum about the chunk's first value, and chunks merge by Chan's formula, both in a fixed order.
// Traffic: x once; bound by bandwidth.
// Needs a multiple of 4 columns; statistics_scalar.wgsl takes any.

alias Value = vec4f;

// @include lib/batch_norm/statistics.wgsl
struct Params {
  rows: u32,
  columns: u32,
  chunk_rows: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Value>;
@group(0) @binding(2) var<storage, read_write> partials: array<Value>;

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

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let column = wid.x * COLUMN_LANES + lane % COLUMN_LANES;
  let row_lane = lane / COLUMN_LANES;
  let inside = min(column, params.columns - 1u);
  let first = wid.y * params.chunk_rows;
  let end = min(first + params.chunk_rows, params.rows);

  // Sums about the first value: near the mean, so that squares do not cancel.
  let about = x[first * params.columns + inside];
  var sum = Value(0.0);
  var squares = Value(0.0);
  let stride = ROW_LANES * params.columns;
  var row = first + row_lane;
  var at = row * params.columns + inside;
  // Four rows a turn make up for the loop, which costs a software driver as much as one of them.
  for (; row + 3u * ROW_LANES < end; row += 4u * ROW_LANES) {
    let a = x[at] - about;
    let b = x[at + stride] - about;
    let c = x[at + 2u * stride] - about;
    let d = x[at + 3u * stride] - about;
    sum += (a + b) + (c + d);
    squares += (a * a + b * b) + (c * c + d * d);
    at += 4u * stride;
  }
  for (; row < end; row += ROW_LANES) {
    let distance = x[at] - about;
    sum += distance;
    squares += distance * distance;
    at += stride;
  }
  let moments = moments_about(about, sum, squares, end - first, lane);
  if (column < params.columns && row_lane == 0u) {
    partials[2u * wid.y * params.columns + column] = moments.mean;
    partials[(2u * wid.y + 1u) * params.columns + column] = moments.squares;
  }
}
// @end
