// GEMM operands of the weight gradient with any input channels; the output channels of a group are a multiple of 4.

// @include lib/conv_wgrad_problem.wgsl
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
// @end

// @include lib/conv_wgrad_window.wgsl
// A of the weight gradient read float by float: any input channels, such as an image's one or three.
@group(0) @binding(1) var<storage, read> x: array<f32>;

// Four rows, each an input channel of a tap, and the pixels they are read for.
struct Taps {
  down: vec4u,
  right: vec4u,
  // From a window's corner to where a row reads.
  offset: vec4u,
  pixels: Cursor,
  step: Cursor,
}

fn a_open(row: u32, z: u32) -> Taps {
  let rows = min(row + vec4u(0u, 1u, 2u, 3u), vec4u(gemm_rows() - 1u));
  let tap = rows / group_inputs();
  let line = tap / params.kernel_width;
  // Negative offsets wrap around and end up outside the image.
  let down = line * params.dilation_height - params.pad_height;
  let right = (tap - line * params.kernel_width) * params.dilation_width - params.pad_width;
  let channel = z % params.groups * group_inputs() + rows - tap * group_inputs();
  let offset = (down * params.in_width + right) * params.in_channels + channel;
  return Taps(down, right, offset, Cursor(), Cursor());
}

fn a_seek(taps: ptr<function, Taps>, segment: u32, k: u32, z: u32) {
  (*taps).pixels = cursor_at(split_start(z) + k);
  (*taps).step = cursor_step();
}

fn a_step(taps: ptr<function, Taps>) {
  (*taps).pixels = moved((*taps).pixels, (*taps).step);
}

// One row seen from four pixels, given by the corners of their windows before padding.
fn tap(top: vec4u, left: vec4u, corner: vec4u, down: u32, right: u32, offset: u32, valid: vec4<bool>) -> vec4f {
  let inside = (top + down < vec4u(params.in_height)) & (left + right < vec4u(params.in_width)) & valid;
  let at = select(vec4u(), corner + offset, inside);
  return select(vec4f(), vec4f(x[at.x], x[at.y], x[at.z], x[at.w]), inside);
}

fn a_block(taps: Taps, k: u32, depth: u32) -> mat4x4f {
  let top = taps.pixels.row * params.stride_height;
  let left = taps.pixels.column * params.stride_width;
  let corner = ((taps.pixels.image * params.in_height + top) * params.in_width + left) * params.in_channels;
  let valid = k + vec4u(0u, 1u, 2u, 3u) < vec4u(depth);
  return mat4x4f(
    tap(top, left, corner, taps.down.x, taps.right.x, taps.offset.x, valid),
    tap(top, left, corner, taps.down.y, taps.right.y, taps.offset.y, valid),
    tap(top, left, corner, taps.down.z, taps.right.z, taps.offset.z, valid),
    tap(top, left, corner, taps.down.w, taps.right.w, taps.offset.w, valid),
  );
}
// @end

// @include lib/conv_wgrad_columns.wgsl
// B and C of the weight gradient as vec4s: the output channels of a group are a multiple of 4.
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dw: array<vec4f>;

// @include lib/gemm_mask.wgsl
// GEMM operands are read in blocks of 4 × 4; this zeroes the vec4s of a block that lie outside its operand.
fn masked(block: mat4x4f, valid: vec4<bool>) -> mat4x4f {
  let zero = vec4f();
  return mat4x4f(
    select(zero, block[0], valid.x),
    select(zero, block[1], valid.y),
    select(zero, block[2], valid.z),
    select(zero, block[3], valid.w),
  );
}
// @end

struct Outputs {
  channel: u32,
  at: vec4u,
}

fn b_open(column: u32, z: u32) -> Outputs {
  return Outputs(z % params.groups * group_outputs() + min(column, group_outputs() - 4u), vec4u());
}

fn b_seek(outputs: ptr<function, Outputs>, segment: u32, k: u32, z: u32) {
  let pixel = split_start(z) + k + vec4u(0u, 1u, 2u, 3u);
  (*outputs).at = (pixel * params.out_channels + (*outputs).channel) / 4u;
}

fn b_step(outputs: ptr<function, Outputs>) {
  (*outputs).at += (K_STEP * params.out_channels) >> 2u;
}

fn b_block(outputs: Outputs, k: u32, depth: u32) -> mat4x4f {
  let read = mat4x4f(dy[outputs.at.x], dy[outputs.at.y], dy[outputs.at.z], dy[outputs.at.w]);
  if (MASK_K == 1u) {
    return masked(read, k + vec4u(0u, 1u, 2u, 3u) < vec4u(depth));
  }
  return read;
}

fn c_store(row: u32, column: u32, z: u32, block: mat4x4f) {
  if (column >= group_outputs()) {
    return;
  }
  let group = z % params.groups;
  let start = z / params.groups * params.partial_size + group * group_outputs() + column;
  for (var r = 0u; r < 4u; r++) {
    if (row + r < gemm_rows()) {
      dw[(start + (row + r) * params.out_channels) / 4u] = block[r];
    }
  }
}
// @end
