// The convolution's forward pass as a GEMM: C = y, one row an output pixel, one column an output channel of a group.
// A is x seen through the filter, B is w as it lies. A segment of k is what lies side by side in both: a row of the filter,
// or one tap where dilation or groups leave gaps between taps. The slice z of the grid is a group.
const BIAS: u32 = 0u; // @tune
const RELU: u32 = 0u; // @tune
const A_K_MAJOR: u32 = 0u;
const B_K_MAJOR: u32 = 1u;

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

// Four output pixels by the corners of their windows (negative ones wrap around and end up outside the image), and what
// the current segment reads: the row of x that starts at `start`, from the float `across` on, zeros from `end` on.
struct Pixels {
  image: vec4u,
  top: vec4u,
  left: vec4u,
  start: vec4u,
  across: vec4u,
  end: vec4u,
}

fn group_inputs() -> u32 {
  return params.in_channels / params.groups;
}

fn group_outputs() -> u32 {
  return params.out_channels / params.groups;
}

// Taps of a segment.
fn run() -> u32 {
  return select(1u, params.kernel_width, (params.dilation_width == 1u) & (params.groups == 1u));
}

fn gemm_rows() -> u32 {
  return params.batch * params.out_height * params.out_width;
}

fn gemm_columns() -> u32 {
  return group_outputs();
}

fn gemm_segments() -> u32 {
  return params.kernel_height * params.kernel_width / run();
}

fn gemm_meets(segment: u32, z: u32) -> bool {
  return true;
}

fn gemm_depth(z: u32) -> u32 {
  return run() * group_inputs();
}

fn a_open(row: u32, z: u32) -> Pixels {
  let pixel = min(row + vec4u(0u, 1u, 2u, 3u), vec4u(gemm_rows() - 1u));
  let line = pixel / params.out_width;
  let image = line / params.out_height;
  let top = (line - image * params.out_height) * params.stride_height - params.pad_height;
  let left = (pixel - line * params.out_width) * params.stride_width - params.pad_width;
  return Pixels(image, top, left, vec4u(), vec4u(), vec4u());
}

fn a_seek(pixels: ptr<function, Pixels>, segment: u32, k: u32, z: u32) {
  let tap = segment * run();
  let down = tap / params.kernel_width;
  let right = tap - down * params.kernel_width;
  let row = (*pixels).top + down * params.dilation_height;
  let first = ((*pixels).left + right * params.dilation_width) * params.in_channels + z * group_inputs();
  let line = params.in_width * params.in_channels;
  // The segment ends before the image's row does, or with it.
  let end = vec4u(clamp(vec4i(first + gemm_depth(z)), vec4i(), vec4i(i32(line))));
  (*pixels).start = ((*pixels).image * params.in_height + row) * line;
  (*pixels).across = first + k;
  (*pixels).end = select(vec4u(), end, row < vec4u(params.in_height));
}

fn a_step(pixels: ptr<function, Pixels>) {
  (*pixels).across += max(K_STEP, 4u);
}
