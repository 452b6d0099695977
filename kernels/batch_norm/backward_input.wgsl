// Batch normalisation, backward 2 of 2: with g and x̂ as in backward_sums.wgsl, Σ over all rows for
//   dweight = Σ g x̂, dbias = Σ g, and over a group's for dx = weight / sqrt(var + eps) · (g - mean_factor · (Σ g + x̂ Σ g x̂)).
// mean_factor is 1 / rows of a group in training and 0 in evaluation, where the statistics do not depend on x.
// Layout: dy, y, x, dx [groups · rows, columns] (NHWC). Scheme: lib/columns.wgsl; every workgroup first adds the partial sums of its
// columns, in the same order everywhere. Traffic: dy, [y], x and dx once each; bound by bandwidth.
// Columns are taken by fours and are a multiple of 4; with SCALAR one by one, any number.
//
// @kernel backward_input
// @kernel backward_input_scalar SCALAR
// @include lib/value.wgsl
// @include lib/relu.wgsl

const RELU: u32 = 0u; // @tune

struct Params {
  rows: u32,
  columns: u32,
  groups: u32,
  chunks: u32,
  chunk_rows: u32,
  // Partial sums of a group.
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
// @include lib/affine_sums.wgsl
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
  let rows = rows_of(chunk, params.rows);
  let all = params.groups * params.sums;
  let total = combine_sums(inside, lane, rows.group * params.sums, (rows.group + 1u) * params.sums);
  let mean = sums[2u * (all + rows.group) * params.columns + inside];
  let inverse_deviation = sums[(2u * (all + rows.group) + 1u) * params.columns + inside];
  let scale = weight[inside] * inverse_deviation;
  let mean_gradient = total.bias * params.mean_factor;
  let slope = total.weight * inverse_deviation * params.mean_factor;

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
    dx[at] = scale * (gradient - mean_gradient - slope * (x[at] - mean));
    at += stride;
  }

  if (chunk == 0u) {
    let gradients = combine_sums(inside, lane, 0u, all);
    if (column < params.columns && row_lane == 0u) {
      dweight[column] = gradients.weight;
      dbias[column] = gradients.bias;
    }
  }
}
