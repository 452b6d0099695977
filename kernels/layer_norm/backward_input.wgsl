// Layer normalisation's gradient by x: with g = dy · weight and x̂ = (x - mean) / sqrt(var + eps), means along the row,
//   dx = (g - mean(g) - x̂ mean(g x̂)) / sqrt(var + eps). Layout: dy, x, dx [rows, width], `saved` as in forward.wgsl.
// Scheme: lib/rows.wgsl, two sweeps of a row, the second from cache. Traffic: dy, x and dx once; bound by bandwidth.
// Columns are taken by fours and are a multiple of 4; with SCALAR one by one, any number.
//
// @kernel backward_input
// @kernel backward_input_scalar SCALAR
// @include lib/value.wgsl

// Whether the gradient is added to what dx holds, another use's of x.
const ACCUMULATE: u32 = 0u; // @tune

struct Params {
  rows: u32,
  columns: u32,
  width: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<Value>;
@group(0) @binding(2) var<storage, read> x: array<Value>;
@group(0) @binding(3) var<storage, read> weight: array<Value>;
@group(0) @binding(4) var<storage, read> saved: array<vec2f>;
@group(0) @binding(5) var<storage, read_write> dx: array<Value>;

// @include lib/rows.wgsl

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = workgroup_index(wid, nwg) * ROWS + lane / LANES;
  let inside = min(row, params.rows - 1u);
  let row_start = inside * params.columns;
  let part = lane % LANES;
  let mean = saved[inside].x;
  let inverse_deviation = saved[inside].y;
  var sum = Value(0.0);
  var products = Value(0.0);
  for (var c = part; c < params.columns; c += LANES) {
    let gradient = dy[row_start + c] * weight[c];
    sum += gradient;
    products += gradient * (x[row_start + c] - mean);
  }
  let share = 1.0 / f32(params.width);
  let mean_gradient = sum_lanes(horizontal_sum(sum), lane) * share;
  let slope = sum_lanes(horizontal_sum(products), lane) * share * inverse_deviation * inverse_deviation;
  // Rows beyond the last one get no columns.
  let end = select(0u, params.columns, row < params.rows);
  for (var c = part; c < end; c += LANES) {
    let gradient = dy[row_start + c] * weight[c];
    var own = inverse_deviation * (gradient - mean_gradient - slope * (x[row_start + c] - mean));
    if (ACCUMULATE == 1u) {
      own += dx[row_start + c];
    }
    dx[row_start + c] = own;
  }
}
