// dw[p,q,c] = Σ_{n,i,j} x[n, i·stride + p·dilation - pad, j·stride + q·dilation - pad, c] · dy[n,i,j,c]: depthwise.
// Layout: NHWC and HWIO, channels multiples of 4, or any (SCALAR).
// Scheme: an invocation computes four neighbouring taps in the channels of a Value over one split of the output lines, the slice z of the
// grid; reduce/sum_partials adds the partial sums. dy is read once for the four taps, and where stride and dilation are equal so
// is x. Neighbours take neighbouring channels.
// Traffic: x and dy are read kernel_height · kernel_width/4 times, mostly from caches; a split writes one partial.
//
// @kernel wgrad_depthwise
// @kernel wgrad_depthwise_scalar SCALAR
// @include lib/value.wgsl

const WORKGROUP: u32 = 64u; // @tune
// Whether the horizontal stride and dilation are equal, so that from pixel to pixel the four taps move on by one.
const SLIDE: u32 = 1u; // @tune

// @include lib/grid.wgsl
// @include conv2d/params.wgsl
// @include conv2d/row.wgsl

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
