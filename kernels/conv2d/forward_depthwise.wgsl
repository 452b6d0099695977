// y[n,i,j,c] = Σ_{p,q} x[n, i·stride + p·dilation - pad, j·stride + q·dilation - pad, c] · w[p,q,c] + bias[c]: depthwise.
// Layout: NHWC and HWIO, channels multiples of 4, or any (SCALAR).
// Scheme: an invocation computes four neighbouring outputs of a row in the channels of a Value; a weight is read once for the
// four, and where stride and dilation are equal each pixel of x once for all taps of a filter's row. Neighbours take neighbouring
// channels.
// Traffic: x is read kernel_height · (kernel_width + 3)/4 times over stride_height, mostly from caches; y is written once.
//
// @kernel forward_depthwise
// @kernel forward_depthwise_scalar SCALAR
// @include lib/grid.wgsl
// @include lib/value.wgsl
// @include conv2d/params.wgsl
// @include conv2d/row.wgsl

const WORKGROUP: u32 = 64u; // @tune
// Whether the horizontal stride and dilation are equal, so that from tap to tap a strip moves on by one of its pixels.
const SLIDE: u32 = 1u; // @tune

@group(0) @binding(2) var<storage, read> w: array<Value>;
@group(0) @binding(3) var<storage, read> bias: array<Value>;
@group(0) @binding(4) var<storage, read_write> y: array<Value>;

// @include lib/epilogue.wgsl

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let columns = params.in_channels / CHANNELS;
  let strips = (params.out_width + 3u) / 4u;
  let index = workgroup_index(wid, nwg) * WORKGROUP + lane;
  let strip = index / columns;
  let line = strip / strips;
  let image = line / params.out_height;
  if (image >= params.batch) {
    return;
  }
  let c = index - strip * columns;
  let first = (strip - line * strips) * 4u;
  // Negative corners wrap around and end up outside the image.
  let top = (line - image * params.out_height) * params.stride_height - params.pad_height;
  let left = first * params.stride_width - params.pad_width;
  let stride = params.stride_width;

  var sum0 = Value();
  var sum1 = Value();
  var sum2 = Value();
  var sum3 = Value();
  for (var p = 0u; p < params.kernel_height; p++) {
    let row = top + p * params.dilation_height;
    if (row < params.in_height) {
      let start = (image * params.in_height + row) * params.in_width * columns + c;
      var x0 = Value();
      var x1 = Value();
      var x2 = Value();
      var x3 = Value();
      if (SLIDE == 1u) {
        x1 = x_at(start, left, columns);
        x2 = x_at(start, left + stride, columns);
        x3 = x_at(start, left + 2u * stride, columns);
      }
      var column = left;
      var weight = p * params.kernel_width * columns + c;
      for (var q = 0u; q < params.kernel_width; q++) {
        if (SLIDE == 1u) {
          x0 = x1;
          x1 = x2;
          x2 = x3;
        }
        if (SLIDE == 0u) {
          x0 = x_at(start, column, columns);
          x1 = x_at(start, column + stride, columns);
          x2 = x_at(start, column + 2u * stride, columns);
        }
        x3 = x_at(start, column + 3u * stride, columns);
        let factor = w[weight];
        sum0 += x0 * factor;
        sum1 += x1 * factor;
        sum2 += x2 * factor;
        sum3 += x3 * factor;
        column += params.dilation_width;
        weight += columns;
      }
    }
  }
  let shift = bias_of(c);
  let target_pixel = line * params.out_width + first;
  let count = params.out_width - first;
  y[target_pixel * columns + c] = activated(sum0 + shift);
  if (count > 1u) {
    y[(target_pixel + 1u) * columns + c] = activated(sum1 + shift);
  }
  if (count > 2u) {
    y[(target_pixel + 2u) * columns + c] = activated(sum2 + shift);
  }
  if (count > 3u) {
    y[(target_pixel + 3u) * columns + c] = activated(sum3 + shift);
  }
}
