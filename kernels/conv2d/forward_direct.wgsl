// y[n,i,j,o] = Σ_{p,q,c} x[n, i·stride + p·dilation - pad, j·stride + q·dilation - pad, c] · w[p,q,c,o] + bias[o],
// where c runs over the input channels of o's group.
// Layout: NHWC and HWIO, any channels, any groups (depthwise too).
// Scheme: an invocation computes one output; neighbours take neighbouring output channels.
// Traffic: each output reads taps · in_channels / groups floats of x and of w, mostly from caches.

const WORKGROUP: u32 = 64u; // @tune
const BIAS: u32 = 0u; // @tune
const RELU: u32 = 0u; // @tune

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

@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> w: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = workgroup_index(wid, nwg) * WORKGROUP + lane;
  let pixel = index / params.out_channels;
  let line = pixel / params.out_width;
  let image = line / params.out_height;
  if (image >= params.batch) {
    return;
  }
  let o = index - pixel * params.out_channels;
  let depth = params.in_channels / params.groups;
  let first_channel = o / (params.out_channels / params.groups) * depth;
  // Negative corners wrap around and end up outside the image.
  let top = (line - image * params.out_height) * params.stride_height - params.pad_height;
  let left = (pixel - line * params.out_width) * params.stride_width - params.pad_width;
  var sum = 0.0;
  if (BIAS == 1u) {
    sum = bias[o];
  }
  for (var p = 0u; p < params.kernel_height; p++) {
    for (var q = 0u; q < params.kernel_width; q++) {
      let row = top + p * params.dilation_height;
      let column = left + q * params.dilation_width;
      if ((row < params.in_height) & (column < params.in_width)) {
        var source = ((image * params.in_height + row) * params.in_width + column) * params.in_channels + first_channel;
        var weight = (p * params.kernel_width + q) * depth * params.out_channels + o;
        for (var c = 0u; c < depth; c++) {
          sum += x[source] * w[weight];
          source += 1u;
          weight += params.out_channels;
        }
      }
    }
  }
  if (RELU == 1u) {
    sum = max(sum, 0.0);
  }
  y[index] = sum;
}
