// The convolution's weight gradient as a GEMM: C = dw, one row a tap and input channel, one column an output channel, both
// of a group. A is x seen through the filter, B is dy; k runs over output pixels. A slice z of the grid is a group and a
// split of the pixels; it writes its own partial sums, which `reduce/sum_partials` adds in a fixed order.

// Whether a step may run past the last pixel.
const MASK_K: u32 = 1u; // @tune
const A_K_MAJOR: u32 = 1u;
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

fn group_inputs() -> u32 {
  return params.in_channels / params.groups;
}

fn group_outputs() -> u32 {
  return params.out_channels / params.groups;
}

// The first pixel of a slice.
fn split_start(z: u32) -> u32 {
  return z / params.groups * params.split_pixels;
}

fn gemm_rows() -> u32 {
  return params.kernel_height * params.kernel_width * group_inputs();
}

fn gemm_columns() -> u32 {
  return group_outputs();
}

fn gemm_segments() -> u32 {
  return 1u;
}

fn gemm_meets(segment: u32, z: u32) -> bool {
  return true;
}

fn gemm_depth(z: u32) -> u32 {
  let pixels = params.batch * params.out_height * params.out_width;
  return min(pixels - split_start(z), params.split_pixels);
}

// Four successive output pixels, moved on by K_STEP at a time in mixed radix: no division in the loop.
struct Cursor {
  image: vec4u,
  row: vec4u,
  column: vec4u,
}

fn cursor_at(pixel: u32) -> Cursor {
  let pixels = pixel + vec4u(0u, 1u, 2u, 3u);
  let line = pixels / params.out_width;
  let image = line / params.out_height;
  return Cursor(image, line - image * params.out_height, pixels - line * params.out_width);
}

fn moved(source: Cursor, step: Cursor) -> Cursor {
  let column = source.column + step.column;
  let next_line = column >= vec4u(params.out_width);
  let row = source.row + step.row + select(vec4u(), vec4u(1u), next_line);
  let next_image = row >= vec4u(params.out_height);
  return Cursor(
    source.image + step.image + select(vec4u(), vec4u(1u), next_image),
    row - select(vec4u(), vec4u(params.out_height), next_image),
    column - select(vec4u(), vec4u(params.out_width), next_line),
  );
}

// K_STEP in the same radix.
fn cursor_step() -> Cursor {
  let line = K_STEP / params.out_width;
  let column = K_STEP - line * params.out_width;
  return Cursor(vec4u(line / params.out_height), vec4u(line % params.out_height), vec4u(column));
}
