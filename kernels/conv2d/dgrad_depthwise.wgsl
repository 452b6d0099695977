// dx[n,i,j,c] = Σ_{p,q} dy[n, (i + pad - p·dilation)/stride, (j + pad - q·dilation)/stride, c] · w[p,q,c], whole quotients only:
// depthwise.
// Layout: NHWC and HWIO, channels multiples of 4.
// Scheme: an invocation computes four elements of a row in four channels, one stride apart so that they meet the same taps; a
// weight is read once for the four, and where stride and dilation are equal each pixel of dy once for all taps of a row.
// Traffic: dy is read kernel_height · (kernel_width + 3)/4 times over both strides, mostly from caches; dx is written once.

// Channels of a Value.
const CHANNELS: u32 = 4u;

// @include lib/vec4.wgsl
// Values of four neighbouring columns.
alias Value = vec4f;

fn horizontal_sum(value: Value) -> f32 {
  return dot(value, vec4f(1.0));
}

fn horizontal_max(value: Value) -> f32 {
  return max(max(value.x, value.y), max(value.z, value.w));
}

fn product_sum(a: Value, b: Value) -> f32 {
  return dot(a, b);
}
// @end

// @include lib/conv_depthwise/dgrad.wgsl
const WORKGROUP: u32 = 64u; // @tune
// Whether the horizontal stride and dilation are equal, so that from tap to tap a strip moves back by one of dy's pixels.
const SLIDE: u32 = 1u; // @tune
// Whether the gradient is added to what dx holds.
const ACCUMULATE: u32 = 0u; // @tune

// @include lib/grid.wgsl
// Folded grids: a dispatch that needs more workgroups than one dimension may hold (65,535) spreads them over x and y.

// The workgroup's number in x-major order. The last row may run past the count that is needed, so kernels check their
// bounds.
fn workgroup_index(wid: vec3u, nwg: vec3u) -> u32 {
  return wid.x + wid.y * nwg.x;
}
// @end

// @include lib/conv_problem.wgsl
// The sizes of a two-dimensional convolution, shared by all of its kernels.
// Activations are NHWC, weights HWIO (kernel_height, kernel_width, in_channels / groups, out_channels).
struct Params {
  batch: u32,
  in_height: u32,
  in_width: u32,
  in_channels: u32,
  out_height: u32,
  out_width: u32,
  out_channels: u32,
  kernel_height: u32,
  kernel_width: u32,
  stride_height: u32,
  stride_width: u32,
  pad_height: u32,
  pad_width: u32,
  dilation_height: u32,
  dilation_width: u32,
  groups: u32,
  // The weight gradient's sum over output pixels is split: pixels of a split (a multiple of 16) and floats of a partial.
  split_pixels: u32,
  partial_size: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
// @end

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
// @end
