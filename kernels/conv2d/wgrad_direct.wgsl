// dw[p,q,c,o] = Σ_{n,i,j} x[n, i·stride + p·dilation - pad, j·stride + q·dilation - pad, c'] · dy[n,i,j,o], where c' is channel
// c of o's group.
// Layout: NHWC and HWIO, any channels, any groups (depthwise too).
// Scheme: an invocation computes one element of dw over one split of the pixels, the slice z of the grid; the partial sums
// are added by reduce/sum_partials. Neighbours take neighbouring output channels.
// Traffic: each element reads one float of x and of dy for every pixel, mostly from caches.

const WORKGROUP: u32 = 64u; // @tune

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
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dw: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = workgroup_index(wid, nwg) * WORKGROUP + lane;
  let row_of_w = index / params.out_channels;
  let depth = params.in_channels / params.groups;
  let tap = row_of_w / depth;
  if (tap >= params.kernel_height * params.kernel_width) {
    return;
  }
  let o = index - row_of_w * params.out_channels;
  let c = row_of_w - tap * depth + o / (params.out_channels / params.groups) * depth;
  // Negative offsets wrap around and end up outside the image.
  let down = tap / params.kernel_width * params.dilation_height - params.pad_height;
  let right = tap % params.kernel_width * params.dilation_width - params.pad_width;

  let pixels = params.batch * params.out_height * params.out_width;
  let first = wid.z * params.split_pixels;
  let end = min(first + params.split_pixels, pixels);
  let line = first / params.out_width;
  var j = first - line * params.out_width;
  var i = line % params.out_height;
  var image = line / params.out_height;
  var sum = 0.0;
  for (var pixel = first; pixel < end; pixel++) {
    let row = i * params.stride_height + down;
    let column = j * params.stride_width + right;
    if ((row < params.in_height) & (column < params.in_width)) {
      let source = ((image * params.in_height + row) * params.in_width + column) * params.in_channels + c;
      sum += x[source] * dy[pixel * params.out_channels + o];
    }
    j += 1u;
    let next_line = u32(j == params.out_width);
    j -= next_line * params.out_width;
    i += next_line;
    let next_image = u32(i == params.out_height);
    i -= next_image * params.out_height;
    image += next_image;
  }
  dw[wid.z * params.partial_size + index] = sum;
}
