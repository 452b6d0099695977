// Batch normalisation, backward 1 of 2: with g = dy, or dy where y > 0 for a fused ReLU, and x̂ = (x - mean) / sqrt(var + eps),
//   sums[chunk][0][c] = Σ g, sums[chunk][1][c] = Σ g x̂ over the chunk's rows; behind all chunks, sums[groups · chunks + group][0..1][c] =
// mean, 1 / sqrt(var + eps) of a group.
// Layout: dy, y, x [groups · rows, columns] (NHWC). Only the first sum_rows rows of a group are summed (none, where only mean and deviation are
// wanted). g is the residual's gradient too, and kept where there is one. Scheme: lib/columns.wgsl.
// Traffic: dy, [y], x and [g] once each; bound by bandwidth.
// Columns are taken by fours and are a multiple of 4; with SCALAR one by one, any number.
//
// @kernel backward_sums
// @kernel backward_sums_scalar SCALAR
// @include lib/value.wgsl
// @include lib/relu.wgsl

const RELU: u32 = 0u; // @tune
// Whether g is written too, as the gradient of a residual.
const KEEP: u32 = 0u; // @tune

struct Params {
  rows: u32,
  columns: u32,
  groups: u32,
  sum_rows: u32,
  chunk_rows: u32,
  // Of a group, and so are partials.
  chunks: u32,
  partials: u32,
  partial_rows: u32,
  eps: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<Value>;
@group(0) @binding(2) var<storage, read> y: array<Value>;
@group(0) @binding(3) var<storage, read> x: array<Value>;
@group(0) @binding(4) var<storage, read> partials: array<Value>;
@group(0) @binding(5) var<storage, read_write> sums: array<Value>;
@group(0) @binding(6) var<storage, read_write> masked: array<Value>;

// @include lib/columns.wgsl
// @include batch_norm/moments.wgsl
// @include batch_norm/merge.wgsl
// @include batch_norm/groups.wgsl

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
  let rows = rows_of(chunk, params.sum_rows);
  let partials_before = rows.group * params.partials;
  let moments = combine_partials(inside, lane, partials_before, partials_before + params.partials, params.rows);
  let mean = moments.mean;
  let inverse_deviation = inverseSqrt(moments.squares / f32(params.rows) + params.eps);

  var sum = Value(0.0);
  var products = Value(0.0);
  // Lanes beyond the last column get no rows.
  let end = select(0u, rows.end, column < params.columns);
  let first = rows.first + row_lane;
  let stride = ROW_LANES * params.columns;
  var at = first * params.columns + inside;
  for (var row = first; row < end; row += ROW_LANES) {
    var gradient = dy[at];
    if (RELU == 1u) {
      gradient = relu_gradient(gradient, y[at]);
    }
    sum += gradient;
    products += gradient * (x[at] - mean);
    if (KEEP == 1u) {
      masked[at] = gradient;
    }
    at += stride;
  }
  sum = sum_row_lanes(sum, lane);
  products = sum_row_lanes(products, lane) * inverse_deviation;

  if (column < params.columns && row_lane == 0u) {
    let to = 2u * chunk * params.columns + column;
    sums[to] = sum;
    sums[to + params.columns] = products;
    if (chunk % params.chunks == 0u) {
      let last = 2u * (params.groups * params.chunks + rows.group) * params.columns + column;
      sums[last] = mean;
      sums[last + params.columns] = inverse_deviation;
    }
  }
}
