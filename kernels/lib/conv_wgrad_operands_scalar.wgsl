// GEMM operands of the weight gradient read float by float: any channel counts, such as an image's one or three.

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

@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dw: array<f32>;

// Four rows, each an input channel of a tap, and the pixels they are read for.
struct Taps {
  channel: vec4u,
  down: vec4u,
  right: vec4u,
  pixels: Cursor,
  step: Cursor,
}

fn a_open(row: u32, z: u32) -> Taps {
  let rows = min(row + vec4u(0u, 1u, 2u, 3u), vec4u(gemm_rows() - 1u));
  let tap = rows / params.in_channels;
  let down = tap / params.kernel_width;
  // Negative offsets wrap around and end up outside the image.
  return Taps(
    rows - tap * params.in_channels,
    down * params.dilation_height - params.pad_height,
    (tap - down * params.kernel_width) * params.dilation_width - params.pad_width,
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

// One pixel, given by its image and the corner of its window before padding, seen from four rows.
fn window(taps: Taps, image: u32, top: u32, left: u32, valid: bool) -> vec4f {
  let row = top + taps.down;
  let column = left + taps.right;
  let inside = (row < vec4u(params.in_height)) & (column < vec4u(params.in_width)) & vec4<bool>(valid);
  let at = ((image * params.in_height + row) * params.in_width + column) * params.in_channels + taps.channel;
  let source = select(vec4u(), at, inside);
  return select(vec4f(), vec4f(x[source.x], x[source.y], x[source.z], x[source.w]), inside);
}

fn a_block(taps: Taps, k: u32, depth: u32) -> mat4x4f {
  let image = taps.pixels.image;
  let top = taps.pixels.row * params.stride_height;
  let left = taps.pixels.column * params.stride_width;
  return transpose(mat4x4f(
    window(taps, image.x, top.x, left.x, k < depth),
    window(taps, image.y, top.y, left.y, k + 1u < depth),
    window(taps, image.z, top.z, left.z, k + 2u < depth),
    window(taps, image.w, top.w, left.w, k + 3u < depth),
  ));
}

// Four columns at the current pixel.
fn b_open(column: u32, z: u32) -> vec4u {
  return min(column + vec4u(0u, 1u, 2u, 3u), vec4u(params.out_channels - 1u));
}

fn b_seek(at: ptr<function, vec4u>, segment: u32, k: u32, z: u32) {
  *at += (z * params.split_pixels + k) * params.out_channels;
}

fn b_step(at: ptr<function, vec4u>) {
  *at += K_STEP * params.out_channels;
}

fn dy_at(at: vec4u, valid: bool) -> vec4f {
  return select(vec4f(), vec4f(dy[at.x], dy[at.y], dy[at.z], dy[at.w]), valid);
}

fn b_block(at: vec4u, k: u32, depth: u32) -> mat4x4f {
  return mat4x4f(
    dy_at(at, k < depth),
    dy_at(at + params.out_channels, k + 1u < depth),
    dy_at(at + 2u * params.out_channels, k + 2u < depth),
    dy_at(at + 3u * params.out_channels, k + 3u < depth),
  );
}

fn c_store(row: u32, column: u32, z: u32, block: mat4x4f) {
  for (var r = 0u; r < 4u; r++) {
    for (var j = 0u; j < 4u; j++) {
      if ((row + r < gemm_rows()) & (column + j < params.out_channels)) {
        dw[z * params.partial_size + (row + r) * params.out_channels + column + j] = block[r][j];
      }
    }
  }
}
