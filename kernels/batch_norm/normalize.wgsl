// Batch normalisation, training, forward 2 of 2: y = act((x - mean) · weight / sqrt(var + eps) + bias [+ residual]), act the
// identity or ReLU, var the biased variance of a group; x, y, residual [groups · rows, columns] (NHWC). The first chunk's workgroups
// also update, with means over the groups,
//   running_mean += momentum · (mean - running_mean), running_var += momentum · (unbiased variance - running_var).
// Scheme: lib/columns.wgsl; every workgroup first merges the partials of its columns and group, in the same order everywhere.
// Traffic: x, [residual] and y once each; bound by bandwidth.
// Columns are taken by fours and are a multiple of 4; with SCALAR one by one, any number.
//
// @kernel normalize
// @kernel normalize_scalar SCALAR
// @include lib/value.wgsl
// @include lib/activation.wgsl

const RESIDUAL: u32 = 0u; // @tune

struct Params {
  rows: u32,
  columns: u32,
  groups: u32,
  chunks: u32,
  chunk_rows: u32,
  // Of a group.
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
// @include batch_norm/moments.wgsl
// @include batch_norm/merge.wgsl
// @include batch_norm/groups.wgsl

fn moments_of(group: u32, column: u32, lane: u32) -> Moments {
  return combine_partials(column, lane, group * params.partials, (group + 1u) * params.partials, params.rows);
}

fn normalize(at: u32, mean: Value, scale: Value, offset: Value) {
  var value = (x[at] - mean) * scale + offset;
  if (RESIDUAL == 1u) {
    value += residual[at];
  }
  y[at] = activated(value);
}

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
  let moments = moments_of(rows.group, inside, lane);
  let mean = moments.mean;
  let scale = weight[inside] * inverseSqrt(moments.squares / f32(params.rows) + params.eps);
  let offset = bias[inside];

  // Lanes beyond the last column get no rows.
  let end = select(0u, rows.end, column < params.columns);
  let first = rows.first + row_lane;
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

  if (chunk == 0u) {
    var means = mean;
    var squares = moments.squares;
    for (var group = 1u; group < params.groups; group++) {
      let others = moments_of(group, inside, lane);
      means += others.mean;
      squares += others.squares;
    }
    if (column < params.columns && row_lane == 0u) {
      let groups = f32(params.groups);
      running_mean[column] += params.momentum * (means / groups - running_mean[column]);
      running_var[column] += params.momentum * (squares / (groups * f32(params.rows - 1u)) - running_var[column]);
    }
  }
}
