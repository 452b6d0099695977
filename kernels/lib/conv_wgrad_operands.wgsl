// GEMM operands of the weight gradient read as vec4s: input and output channels are multiples of 4.

// @include lib/conv_wgrad_problem.wgsl
// The convolution's weight gradient as a GEMM: C = dw, one row a tap and input channel, one column an output channel.
// A is x seen through the filter, B is dy; k runs over output pixels. The slice z of the grid is a split of the pixels;
// it writes its own partial sums, which `reduce/sum_partials` adds in a fixed order. groups = 1.

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

fn gemm_rows() -> u32 {
  return params.kernel_height * params.kernel_width * params.in_channels;
}

fn gemm_columns() -> u32 {
  return params.out_channels;
}

fn gemm_segments() -> u32 {
  return 1u;
}

fn gemm_meets(segment: u32, z: u32) -> bool {
  return true;
}

fn gemm_depth(z: u32) -> u32 {
  let pixels = params.batch * params.out_height * params.out_width;
  return min(pixels - z * params.split_pixels, params.split_pixels);
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

// `step` is K_STEP in the same radix.
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
// @end

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

@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dw: array<vec4f>;

// Four input channels of one tap, and the pixels they are read for.
struct Taps {
  channel: u32,
  down: i32,
  right: i32,
  pixels: Cursor,
  step: Cursor,
}

fn a_open(row: u32, z: u32) -> Taps {
  let first = min(row, gemm_rows() - 4u);
  let tap = first / params.in_channels;
  return Taps(
    first - tap * params.in_channels,
    i32(tap / params.kernel_width * params.dilation_height) - i32(params.pad_height),
    i32(tap % params.kernel_width * params.dilation_width) - i32(params.pad_width),
    Cursor(),
    Cursor(),
  );
}

fn a_seek(taps: ptr<function, Taps>, segment: u32, k: u32, z: u32) {
  let line = K_STEP / params.out_width;
  let step = vec3u(line / params.out_height, line % params.out_height, K_STEP % params.out_width);
  (*taps).pixels = cursor_at(z * params.split_pixels + k);
  (*taps).step = Cursor(vec4u(step.x), vec4u(step.y), vec4u(step.z));
}

fn a_step(taps: ptr<function, Taps>) {
  (*taps).pixels = moved((*taps).pixels, (*taps).step);
}

fn a_block(taps: Taps, k: u32, depth: u32) -> mat4x4f {
  let row = taps.pixels.row * params.stride_height + u32(taps.down);
  let column = taps.pixels.column * params.stride_width + u32(taps.right);
  var inside = (row < vec4u(params.in_height)) & (column < vec4u(params.in_width));
  if (MASK_K == 1u) {
    inside &= k + vec4u(0u, 1u, 2u, 3u) < vec4u(depth);
  }
  let pixel = select(vec4u(), (taps.pixels.image * params.in_height + row) * params.in_width + column, inside);
  let at = (pixel * params.in_channels + taps.channel) / 4u;
  return transpose(masked(mat4x4f(x[at.x], x[at.y], x[at.z], x[at.w]), inside));
}

fn b_open(column: u32, z: u32) -> vec4u {
  return vec4u(min(column, params.out_channels - 4u));
}

fn b_seek(at: ptr<function, vec4u>, segment: u32, k: u32, z: u32) {
  let pixel = z * params.split_pixels + k + vec4u(0u, 1u, 2u, 3u);
  *at = (pixel * params.out_channels + *at) / 4u;
}

fn b_step(at: ptr<function, vec4u>) {
  *at += (K_STEP * params.out_channels) >> 2u;
}

fn b_block(at: vec4u, k: u32, depth: u32) -> mat4x4f {
  let read = mat4x4f(dy[at.x], dy[at.y], dy[at.z], dy[at.w]);
  if (MASK_K == 1u) {
    return masked(read, k + vec4u(0u, 1u, 2u, 3u) < vec4u(depth));
  }
  return read;
}

fn c_store(row: u32, column: u32, z: u32, block: mat4x4f) {
  if (column >= params.out_channels) {
    return;
  }
  for (var r = 0u; r < 4u; r++) {
    if (row + r < gemm_rows()) {
      dw[(z * params.partial_size + (row + r) * params.out_channels + column) / 4u] = block[r];
    }
  }
}
