// The gradients of a normalisation's weight and bias from the partial sums of its backward pass, sums [chunks][2][columns]:
//   dweight[c] = Σ over chunks of sums[chunk][1][c], dbias[c] = the same of sums[chunk][0][c].
// Scheme: lib/columns.wgsl, one chunk. Traffic: a few kilobytes; latency only.

alias Value = f32;

struct Params {
  columns: u32,
  sums: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> sums: array<Value>;
@group(0) @binding(2) var<storage, read_write> dweight: array<Value>;
@group(0) @binding(3) var<storage, read_write> dbias: array<Value>;

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
  let total = combine_sums(min(column, params.columns - 1u), lane);
  if (column < params.columns && lane < COLUMN_LANES) {
    dweight[column] = total.weight;
    dbias[column] = total.bias;
  }
}
