// dw[p,q,c,o] = Σ_{n,i,j} x[n, i·stride + p·dilation - pad, j·stride + q·dilation - pad, c] · dy[n,i,j,o].
// Layout: NHWC and HWIO. Channels of a group are multiples of 4; with IMAGE only the output channels; with SCALAR any channels.
//
// As a GEMM: C = dw, one row a tap and input channel, one column an output channel, both of a group. A is x seen through the
// filter, B is dy; k runs over output pixels. A slice z of the grid is a group and a split of the pixels; it writes its own
// partial sums, which `reduce/sum_partials` adds in a fixed order.
// Traffic: x is read taps · columns/TILE_COLUMNS times, dy rows/TILE_ROWS times; a split writes one partial.
//
// @kernel wgrad_subgroup           body=subgroup
// @kernel wgrad_subgroup_image     body=subgroup IMAGE
// @kernel wgrad_subgroup_scalar    body=subgroup SCALAR
// @kernel wgrad_tile               body=tile
// @kernel wgrad_tile_image         body=tile IMAGE
// @kernel wgrad_tile_scalar        body=tile SCALAR
// @kernel wgrad_register           body=register
// @kernel wgrad_register_image     body=register IMAGE
// @kernel wgrad_register_scalar    body=register SCALAR

// Whether a step may run past the last pixel.
const MASK_K: u32 = 1u; // @tune
const A_K_MAJOR: u32 = 1u;
const B_K_MAJOR: u32 = 1u;

// @include conv2d/params.wgsl

fn pixels() -> u32 {
  return params.batch * params.out_height * params.out_width;
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

fn gemm_slices() -> u32 {
  return (pixels() + params.split_pixels - 1u) / params.split_pixels * params.groups;
}

fn gemm_segments() -> u32 {
  return 1u;
}

fn gemm_meets(segment: u32, z: u32) -> bool {
  return true;
}

fn gemm_depth(z: u32) -> u32 {
  return min(pixels() - split_start(z), params.split_pixels);
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

// @if SCALAR
// @include conv2d/wgrad_window.wgsl

@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dw: array<f32>;

// Four columns at the current pixel.
fn b_open(column: u32, z: u32) -> vec4u {
  let columns = min(column + vec4u(0u, 1u, 2u, 3u), vec4u(group_outputs() - 1u));
  return z % params.groups * group_outputs() + columns;
}

fn b_seek(at: ptr<function, vec4u>, segment: u32, k: u32, z: u32) {
  *at += (split_start(z) + k) * params.out_channels;
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
  let group = z % params.groups;
  let start = z / params.groups * params.partial_size + group * group_outputs() + column;
  for (var r = 0u; r < 4u; r++) {
    for (var j = 0u; j < 4u; j++) {
      if ((row + r < gemm_rows()) & (column + j < group_outputs())) {
        dw[start + (row + r) * params.out_channels + j] = block[r][j];
      }
    }
  }
}

// @elif IMAGE
// @include conv2d/wgrad_window.wgsl
// @include conv2d/wgrad_columns.wgsl

// @else
// @include conv2d/wgrad_columns.wgsl

@group(0) @binding(1) var<storage, read> x: array<vec4f>;

// Four input channels of one tap, and the pixels they are read for. Negative offsets wrap around and end up outside the image.
struct Taps {
  channel: u32,
  down: u32,
  right: u32,
  pixels: Cursor,
  step: Cursor,
}

fn a_open(row: u32, z: u32) -> Taps {
  let first = min(row, gemm_rows() - 4u);
  let tap = first / group_inputs();
  return Taps(
    z % params.groups * group_inputs() + first - tap * group_inputs(),
    tap / params.kernel_width * params.dilation_height - params.pad_height,
    tap % params.kernel_width * params.dilation_width - params.pad_width,
    Cursor(),
    Cursor(),
  );
}

fn a_seek(taps: ptr<function, Taps>, segment: u32, k: u32, z: u32) {
  (*taps).pixels = cursor_at(split_start(z) + k);
  (*taps).step = cursor_step();
}

fn a_step(taps: ptr<function, Taps>) {
  (*taps).pixels = moved((*taps).pixels, (*taps).step);
}

fn a_block(taps: Taps, k: u32, depth: u32) -> mat4x4f {
  let row = taps.pixels.row * params.stride_height + taps.down;
  let column = taps.pixels.column * params.stride_width + taps.right;
  var inside = (row < vec4u(params.in_height)) & (column < vec4u(params.in_width));
  if (MASK_K == 1u) {
    inside &= k + vec4u(0u, 1u, 2u, 3u) < vec4u(depth);
  }
  let pixel = select(vec4u(), (taps.pixels.image * params.in_height + row) * params.in_width + column, inside);
  let at = (pixel * params.in_channels + taps.channel) >> vec4u(2u);
  return transpose(masked(mat4x4f(x[at.x], x[at.y], x[at.z], x[at.w]), inside));
}
// @end

// @include gemm/{body}.wgsl
