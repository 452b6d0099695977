// dx[n,i,j,c] = Σ_{p,q} dy[n, (i + pad - p·dilation)/stride, (j + pad - q·dilation)/stride, c] · w[p,q,c], whole quotients only:
// depthwise.
// Layout: NHWC and HWIO, channels multiples of 4, or any (SCALAR).
// Scheme: an invocation computes four elements of a row in the channels of a Value, one stride apart so that they meet the same
// taps; a weight is read once for the four, and where stride and dilation are equal each pixel of dy once for all taps of a row.
// Traffic: dy is read kernel_height · (kernel_width + 3)/4 times over both strides, mostly from caches; dx is written once.
//
// @kernel dgrad_depthwise
// @kernel dgrad_depthwise_scalar SCALAR
// @include lib/value.wgsl

const WORKGROUP: u32 = 64u; // @tune
// Whether the horizontal stride and dilation are equal, so that from tap to tap a strip moves back by one of dy's pixels.
const SLIDE: u32 = 1u; // @tune
// Whether the gradient is added to what dx holds.
const ACCUMULATE: u32 = 0u; // @tune

// @include lib/grid.wgsl
// @include conv2d/params.wgsl

@group(0) @binding(1) var<storage, read> dy: array<Value>;
@group(0) @binding(2) var<storage, read> w: array<Value>;
@group(0) @binding(3) var<storage, read_write> dx: array<Value>;

// The pixel `column` of dy's row that starts at `start`; zero outside the row.
fn dy_at(start: u32, column: u32, columns: u32) -> Value {
  let inside = column < params.out_width;
  return select(Value(), dy[start + select(0u, column, inside) * columns], inside);
}

fn store(at: u32, sum: Value) {
  if (ACCUMULATE == 1u) {
    dx[at] += sum;
  } else {
    dx[at] = sum;
  }
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let columns = params.in_channels / CHANNELS;
  let stride = params.stride_width;
  // A row has `stride` phases, and a phase so many strips of four pixels that lie `stride` apart.
  let strips = ((params.in_width + stride - 1u) / stride + 3u) / 4u;
  let index = workgroup_index(wid, nwg) * WORKGROUP + lane;
  let strip = index / columns;
  let line = strip / (strips * stride);
  let image = line / params.in_height;
  if (image >= params.batch) {
    return;
  }
  let c = index - strip * columns;
  let in_line = strip - line * strips * stride;
  let phase = in_line / strips;
  let step = (in_line - phase * strips) * 4u;
  let bottom = line - image * params.in_height + params.pad_height;
  let right = phase + params.pad_width;

  var sum0 = Value();
  var sum1 = Value();
  var sum2 = Value();
  var sum3 = Value();
  for (var p = 0u; p < params.kernel_height; p++) {
    // Negative distances wrap around; they are refused before they are divided.
    let down = bottom - p * params.dilation_height;
    let row = down / params.stride_height;
    let whole = (p * params.dilation_height <= bottom) & (row * params.stride_height == down);
    if (whole & (row < params.out_height)) {
      let start = (image * params.out_height + row) * params.out_width * columns + c;
      var dy0 = Value();
      var dy1 = Value();
      var dy2 = Value();
      var dy3 = Value();
      for (var q = 0u; q < params.kernel_width; q++) {
        let across = i32(right) - i32(q * params.dilation_width);
        if (across % i32(stride) == 0) {
          // Columns left of dy wrap around and end up outside.
          let column = step + u32(across / i32(stride));
          if (SLIDE == 1u) {
            dy3 = dy2;
            dy2 = dy1;
            dy1 = dy0;
            // The first tap that meets the phase finds nothing to move.
            if (q * params.dilation_width < stride) {
              dy1 = dy_at(start, column + 1u, columns);
              dy2 = dy_at(start, column + 2u, columns);
              dy3 = dy_at(start, column + 3u, columns);
            }
          }
          if (SLIDE == 0u) {
            dy1 = dy_at(start, column + 1u, columns);
            dy2 = dy_at(start, column + 2u, columns);
            dy3 = dy_at(start, column + 3u, columns);
          }
          dy0 = dy_at(start, column, columns);
          let factor = w[(p * params.kernel_width + q) * columns + c];
          sum0 += dy0 * factor;
          sum1 += dy1 * factor;
          sum2 += dy2 * factor;
          sum3 += dy3 * factor;
        }
      }
    }
  }
  let first = step * stride + phase;
  let start = line * params.in_width * columns + c;
  if (first < params.in_width) {
    store(start + first * columns, sum0);
  }
  if (first + stride < params.in_width) {
    store(start + (first + stride) * columns, sum1);
  }
  if (first + 2u * stride < params.in_width) {
    store(start + (first + 2u * stride) * columns, sum2);
  }
  if (first + 3u * stride < params.in_width) {
    store(start + (first + 3u * stride) * columns, sum3);
  }
}
