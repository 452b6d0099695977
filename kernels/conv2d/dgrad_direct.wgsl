// dx[n,i,j,c] = Σ_{p,q,o} dy[n, (i + pad - p·dilation)/stride, (j + pad - q·dilation)/stride, o] · w[p,q,c,o], whole quotients
// only, where o runs over the output channels of c's group.
// Layout: NHWC and HWIO, any channels, any groups (depthwise too).
// Scheme: an invocation computes one element of dx; neighbours take neighbouring input channels.
// Traffic: each element reads taps / strides · out_channels / groups floats of dy and of w, mostly from caches.

const WORKGROUP: u32 = 64u; // @tune
// Whether the sum is added to what dx holds.
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

@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> w: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = workgroup_index(wid, nwg) * WORKGROUP + lane;
  let pixel = index / params.in_channels;
  let line = pixel / params.in_width;
  let image = line / params.in_height;
  if (image >= params.batch) {
    return;
  }
  let c = index - pixel * params.in_channels;
  let group_inputs = params.in_channels / params.groups;
  let group_outputs = params.out_channels / params.groups;
  let group = c / group_inputs;
  let bottom = line - image * params.in_height + params.pad_height;
  let right = pixel - line * params.in_width + params.pad_width;
  var sum = 0.0;
  for (var p = 0u; p < params.kernel_height; p++) {
    for (var q = 0u; q < params.kernel_width; q++) {
      // Negative distances wrap around; they are refused before they are divided.
      let down = bottom - p * params.dilation_height;
      let across = right - q * params.dilation_width;
      let row = down / params.stride_height;
      let column = across / params.stride_width;
      let whole = (row * params.stride_height == down) & (column * params.stride_width == across);
      let ahead = (p * params.dilation_height <= bottom) & (q * params.dilation_width <= right);
      if (whole & ahead & (row < params.out_height) & (column < params.out_width)) {
        let source = ((image * params.out_height + row) * params.out_width + column) * params.out_channels + group * group_outputs;
        let tap = p * params.kernel_width + q;
        let weight = (tap * group_inputs + c - group * group_inputs) * params.out_channels + group * group_outputs;
        for (var o = 0u; o < group_outputs; o++) {
          sum += dy[source + o] * w[weight + o];
        }
      }
    }
  }
  if (ACCUMULATE == 1u) {
    sum += dx[index];
  }
  dx[index] = sum;
}
