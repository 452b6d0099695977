// dw[p,q,c,o] = Σ_{n,i,j} x[n, i·stride + p·dilation - pad, j·stride + q·dilation - pad, c] · dy[n,i,j,o].
// Layout: NHWC and HWIO, any channels, any groups.
// Implicit GEMM: rows are taps and channels, k output pixels, a slice of the grid is a split and a group (lib/conv_wgrad_operands_scalar.wgsl).
// Scheme: an invocation keeps a 4×4 to 8×8 tile in registers (lib/gemm_register.wgsl).
// Traffic: x is read taps · columns/TILE_COLUMNS times, dy rows/TILE_ROWS times; a split writes one partial.

// @include lib/grid.wgsl
// Folded grids: a dispatch that needs more workgroups than one dimension may hold (65,535) spreads them over x and y.

// The workgroup's number in x-major order. The last row may run past the count that is needed, so kernels check their
// bounds.
fn workgroup_index(wid: vec3u, nwg: vec3u) -> u32 {
  return wid.x + wid.y * nwg.x;
}
// @end

// @include lib/conv_wgrad_operands_scalar.wgsl
// GEMM operands of the weight gradient read float by float: any channels.

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
// @end

// @include lib/gemm_register.wgsl
// GEMM body `register`: C = A · B with tiles held in registers. No workgroup memory, no barrier, no subgroup operation.
//
// An invocation computes 4·ROW_BLOCKS rows by 4·COLUMN_BLOCKS columns of C. It steps four k at a time: it reads 4×4 blocks
// of A and B through the operand functions and multiplies them. WORKGROUP_X × WORKGROUP_Y invocations lie side by side.
const ROW_BLOCKS: u32 = 1u; // @tune
const COLUMN_BLOCKS: u32 = 1u; // @tune
const WORKGROUP_X: u32 = 8u; // @tune
const WORKGROUP_Y: u32 = 8u; // @tune
const K_STEP: u32 = 4u;
const TILE_ROWS: u32 = 4u * ROW_BLOCKS * WORKGROUP_Y;
const TILE_COLUMNS: u32 = 4u * COLUMN_BLOCKS * WORKGROUP_X;

@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_id) lid: vec3u,
) {
  let tiles_across = (gemm_columns() + TILE_COLUMNS - 1u) / TILE_COLUMNS;
  let tile = workgroup_index(wid, nwg);
  let row = tile / tiles_across * TILE_ROWS + lid.y * 4u * ROW_BLOCKS;
  let column = tile % tiles_across * TILE_COLUMNS + lid.x * 4u * COLUMN_BLOCKS;
  if ((row >= gemm_rows()) | (column >= gemm_columns())) {
    return;
  }

  var rows0 = a_open(row, wid.z);
  var rows1 = a_open(row + 4u, wid.z);
  var columns0 = b_open(column, wid.z);
  var columns1 = b_open(column + 4u, wid.z);
  var c00: mat4x4f;
  var c01: mat4x4f;
  var c10: mat4x4f;
  var c11: mat4x4f;
  let depth = gemm_depth(wid.z);
  for (var s = 0u; s < gemm_segments(); s++) {
    if (gemm_meets(s, wid.z)) {
      a_seek(&rows0, s, 0u, wid.z);
      a_seek(&rows1, s, 0u, wid.z);
      b_seek(&columns0, s, 0u, wid.z);
      b_seek(&columns1, s, 0u, wid.z);
      for (var k = 0u; k < depth; k += K_STEP) {
        let a0 = a_block(rows0, k, depth);
        let b0 = b_block(columns0, k, depth);
        var a1: mat4x4f;
        var b1: mat4x4f;
        if (ROW_BLOCKS == 2u) {
          a1 = a_block(rows1, k, depth);
        }
        if (COLUMN_BLOCKS == 2u) {
          b1 = b_block(columns1, k, depth);
        }
        c00 += b0 * a0;
        if (COLUMN_BLOCKS == 2u) {
          c01 += b1 * a0;
        }
        if (ROW_BLOCKS == 2u) {
          c10 += b0 * a1;
        }
        if (ROW_BLOCKS * COLUMN_BLOCKS == 4u) {
          c11 += b1 * a1;
        }
        a_step(&rows0);
        a_step(&rows1);
        b_step(&columns0);
        b_step(&columns1);
      }
    }
  }
  c_store(row, column, wid.z, c00);
  if (COLUMN_BLOCKS == 2u) {
    c_store(row, column + 4u, wid.z, c01);
  }
  if (ROW_BLOCKS == 2u) {
    c_store(row + 4u, column, wid.z, c10);
  }
  if (ROW_BLOCKS * COLUMN_BLOCKS == 4u) {
    c_store(row + 4u, column + 4u, wid.z, c11);
  }
}
// @end
