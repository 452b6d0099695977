// dw[p,q,c] = Σ_{n,i,j} x[n, i·stride + p·dilation - pad, j·stride + q·dilation - pad, c] · dy[n,i,j,c]: depthwise.
// Layout: NHWC and HWIO, channels multiples of 4.
// Scheme: an invocation computes four neighbouring taps in four channels over one split of the output lines, the slice z of the
// grid; reduce/sum_partials adds the partial sums. dy is read once for the four taps, and where stride and dilation are equal so
// is x. Neighbours take neighbouring channels.
// Traffic: x and dy are read kernel_height · kernel_width/4 times, mostly from caches; a split writes one partial.

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

// @include lib/conv_depthwise/wgrad.wgsl
const WORKGROUP: u32 = 64u; // @tune
// Whether the horizontal stride and dilation are equal, so that from pixel to pixel the four taps move on by one.
const SLIDE: u32 = 1u; // @tune

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

// @include lib/conv_depthwise/row.wgsl
@group(0) @binding(1) var<storage, read> x: array<Value>;

// The pixel `column` of the image row that starts at `start`; zero outside the row.
fn x_at(start: u32, column: u32, columns: u32) -> Value {
  let inside = column < params.in_width;
  return select(Value(), x[start + select(0u, column, inside) * columns], inside);
}
// @end

@group(0) @binding(2) var<storage, read> dy: array<Value>;
@group(0) @binding(3) var<storage, read_write> dw: array<Value>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let columns = params.in_channels / CHANNELS;
  let fours = (params.kernel_width + 3u) / 4u;
  let index = workgroup_index(wid, nwg) * WORKGROUP + lane;
  let four = index / columns;
  let p = four / fours;
  if (p >= params.kernel_height) {
    return;
  }
  let c = index - four * columns;
  let q = (four - p * fours) * 4u;
  // Negative offsets wrap around and end up outside the image.
  let down = p * params.dilation_height - params.pad_height;
  let left = q * params.dilation_width - params.pad_width;
  let dilation = params.dilation_width;

  let lines = params.batch * params.out_height;
  let split_lines = params.split_pixels / params.out_width;
  let end = min((wid.z + 1u) * split_lines, lines);
  var sum0 = Value();
  var sum1 = Value();
  var sum2 = Value();
  var sum3 = Value();
  for (var line = wid.z * split_lines; line < end; line++) {
    let image = line / params.out_height;
    let row = (line - image * params.out_height) * params.stride_height + down;
    if (row < params.in_height) {
      let start = (image * params.in_height + row) * params.in_width * columns + c;
      var x0 = Value();
      var x1 = Value();
      var x2 = Value();
      var x3 = Value();
      if (SLIDE == 1u) {
        x1 = x_at(start, left, columns);
        x2 = x_at(start, left + dilation, columns);
        x3 = x_at(start, left + 2u * dilation, columns);
      }
      var column = left;
      var source = line * params.out_width * columns + c;
      for (var j = 0u; j < params.out_width; j++) {
        if (SLIDE == 1u) {
          x0 = x1;
          x1 = x2;
          x2 = x3;
        }
        if (SLIDE == 0u) {
          x0 = x_at(start, column, columns);
          x1 = x_at(start, column + dilation, columns);
          x2 = x_at(start, column + 2u * dilation, columns);
        }
        x3 = x_at(start, column + 3u * dilation, columns);
        let factor = dy[source];
        sum0 += x0 * factor;
        sum1 += x1 * factor;
        sum2 += x2 * factor;
        sum3 += x3 * factor;
        column += params.stride_width;
        source += columns;
      }
    }
  }
  let at = wid.z * params.partial_size / CHANNELS + (p * params.kernel_width + q) * columns + c;
  dw[at] = sum0;
  if (q + 1u < params.kernel_width) {
    dw[at + columns] = sum1;
  }
  if (q + 2u < params.kernel_width) {
    dw[at + 2u * columns] = sum2;
  }
  if (q + 3u < params.kernel_width) {
    dw[at + 3u * columns] = sum3;
  }
}
// @end
