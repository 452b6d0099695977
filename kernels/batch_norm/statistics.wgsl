// Batch normalisation, training, forward 1 of 2: partial statistics of x [groups · rows, columns] (NHWC, groups · rows = N·H·W,
// columns = C), the groups normalised each by itself.
//   partials[chunk][0][c] = mean of the chunk's rows, partials[chunk][1][c] = their sum of squared deviations.
// Scheme: lib/columns.wgsl; lanes sum about the chunk's first value, and chunks merge by Chan's formula, both in a fixed order.
// Traffic: x once; bound by bandwidth.
// Columns are taken by fours and are a multiple of 4; with SCALAR one by one, any number.
//
// @kernel statistics
// @kernel statistics_scalar SCALAR
// @include lib/value.wgsl

struct Params {
  rows: u32,
  columns: u32,
  groups: u32,
  chunks: u32,
  chunk_rows: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Value>;
@group(0) @binding(2) var<storage, read_write> partials: array<Value>;

// @include lib/columns.wgsl
// @include batch_norm/groups.wgsl
// @include batch_norm/moments.wgsl

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let place = block_and_chunk(wid, nwg);
  let chunk = place.y;
  if (chunk >= params.groups * params.chunks) {
    return;
  }
  let column = place.x * COLUMN_LANES + lane % COLUMN_LANES;
  let row_lane = lane / COLUMN_LANES;
  let inside = min(column, params.columns - 1u);
  let rows = rows_of(chunk, params.rows);
  let first = rows.first;
  let end = rows.end;

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
    partials[2u * chunk * params.columns + column] = moments.mean;
    partials[(2u * chunk + 1u) * params.columns + column] = moments.squares;
  }
}
