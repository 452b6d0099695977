// dx[n,i,j,c] = Σ_{p,q,o} dy[n, (i + pad - p·dilation)/stride, (j + pad - q·dilation)/stride, o] · w[p,q,c,o], whole quotients only.
// Layout: NHWC and HWIO, channels of a group multiples of 4.
// Implicit GEMM: rows are input pixels of one stride phase and group, k the output channels of a tap (lib/conv_dgrad_operands.wgsl).
// Scheme: an invocation keeps a 4×4 to 8×8 tile in registers (lib/gemm_register.wgsl).
// Traffic: dy is read taps · columns/TILE_COLUMNS times, w rows/TILE_ROWS times, mostly from caches; dx is written once.

// @include lib/grid.wgsl
// Folded grids: a dispatch that needs more workgroups than one dimension may hold (65,535) spreads them over x and y.

// The workgroup's number in x-major order. The last row may run past the count that is needed, so kernels check their
// bounds.
fn workgroup_index(wid: vec3u, nwg: vec3u) -> u32 {
  return wid.x + wid.y * nwg.x;
}
// @end

// @include lib/conv_dgrad_operands.wgsl
// GEMM operands of the input gradient read as vec4s: input and output channels of a group are multiples of 4.

// @include lib/conv_dgrad_problem.wgsl
// The convolution's input gradient as a GEMM: C = dx, one row an input pixel, one column an input channel of a group.
// A is dy seen through the filter backwards: k runs over the group's output channels, taps are the segments. B is w read
// transposed. A slice z of the grid is a group and a phase: the input pixels whose coordinates leave the same remainders
// by the strides. They meet the same taps, so no product with a zero between strided pixels is ever formed.
const A_K_MAJOR: u32 = 0u;
// A body that takes two k a step wants the weights transposed to [tap, out_channels, in_channels], so that k runs down them.
const B_K_MAJOR: u32 = 2u / K_STEP;
// Whether the product is added to what dx holds.
const ACCUMULATE: u32 = 0u; // @tune

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

// Four input pixels of a phase, by their place in it, and where the current tap reads.
struct Pixels {
  image: vec4u,
  row: vec4u,
  column: vec4u,
  at: vec4u,
  inside: vec4<bool>,
}

fn group_inputs() -> u32 {
  return params.in_channels / params.groups;
}

fn group_outputs() -> u32 {
  return params.out_channels / params.groups;
}

fn phase_height() -> u32 {
  return (params.in_height + params.stride_height - 1u) / params.stride_height;
}

fn phase_width() -> u32 {
  return (params.in_width + params.stride_width - 1u) / params.stride_width;
}

// The first pixel of a slice: its phase.
fn phase(z: u32) -> vec2u {
  let index = z / params.groups;
  return vec2u(index / params.stride_width, index % params.stride_width);
}

fn gemm_rows() -> u32 {
  return params.batch * phase_height() * phase_width();
}

fn gemm_columns() -> u32 {
  return group_inputs();
}

fn gemm_segments() -> u32 {
  return params.kernel_height * params.kernel_width;
}

fn gemm_depth(z: u32) -> u32 {
  return group_outputs();
}

// How far a tap lies from the first input pixel of a phase, in input pixels: down and to the right.
fn tap_distance(tap: u32, z: u32) -> vec2i {
  let first = phase(z) + vec2u(params.pad_height, params.pad_width);
  let offset = vec2u(tap / params.kernel_width * params.dilation_height, tap % params.kernel_width * params.dilation_width);
  return vec2i(first) - vec2i(offset);
}

fn gemm_meets(tap: u32, z: u32) -> bool {
  let rest = tap_distance(tap, z) % vec2i(i32(params.stride_height), i32(params.stride_width));
  return (rest.x == 0) & (rest.y == 0);
}

fn a_open(row: u32, z: u32) -> Pixels {
  let pixel = min(row + vec4u(0u, 1u, 2u, 3u), vec4u(gemm_rows() - 1u));
  let line = pixel / phase_width();
  let image = line / phase_height();
  return Pixels(image, line - image * phase_height(), pixel - line * phase_width(), vec4u(), vec4<bool>());
}

// `at` is counted in floats.
fn a_seek(pixels: ptr<function, Pixels>, tap: u32, k: u32, z: u32) {
  let shift = vec2u(tap_distance(tap, z) / vec2i(i32(params.stride_height), i32(params.stride_width)));
  let row = (*pixels).row + shift.x;
  let column = (*pixels).column + shift.y;
  let inside = (row < vec4u(params.out_height)) & (column < vec4u(params.out_width));
  let pixel = ((*pixels).image * params.out_height + row) * params.out_width + column;
  (*pixels).at = select(vec4u(), pixel, inside) * params.out_channels + z % params.groups * group_outputs() + k;
  (*pixels).inside = inside;
}

fn a_step(pixels: ptr<function, Pixels>) {
  (*pixels).at += max(K_STEP, 4u);
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

@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read> w: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>;

struct Weights {
  lines: vec4u,
  at: vec4u,
}

fn a_block(pixels: Pixels, k: u32, depth: u32) -> mat4x4f {
  let at = pixels.at >> vec4u(2u);
  return masked(mat4x4f(dy[at.x], dy[at.y], dy[at.z], dy[at.w]), pixels.inside & vec4<bool>(k < depth));
}

fn b_open(column: u32, z: u32) -> Weights {
  if (B_K_MAJOR == 1u) {
    return Weights(vec4u(min(column, params.in_channels - 4u)), vec4u());
  }
  return Weights(min(column + vec4u(0u, 1u, 2u, 3u), vec4u(group_inputs() - 1u)), vec4u());
}

fn b_seek(weights: ptr<function, Weights>, tap: u32, k: u32, z: u32) {
  if (B_K_MAJOR == 1u) {
    let row = tap * params.out_channels + k + vec4u(0u, 1u, 2u, 3u);
    (*weights).at = (row * params.in_channels + (*weights).lines) / 4u;
    return;
  }
  let line = tap * group_inputs() + (*weights).lines;
  (*weights).at = (line * params.out_channels + z % params.groups * group_outputs() + k) / 4u;
}

fn b_step(weights: ptr<function, Weights>) {
  (*weights).at += select(K_STEP / 4u, (K_STEP * params.in_channels) >> 2u, B_K_MAJOR == 1u);
}

fn b_block(weights: Weights, k: u32, depth: u32) -> mat4x4f {
  let read = mat4x4f(w[weights.at.x], w[weights.at.y], w[weights.at.z], w[weights.at.w]);
  if (B_K_MAJOR == 1u) {
    return read;
  }
  if (K_STEP > 4u) {
    return masked(transpose(read), vec4<bool>(k < depth));
  }
  return transpose(read);
}

fn c_store(row: u32, column: u32, z: u32, block: mat4x4f) {
  if (column >= group_inputs()) {
    return;
  }
  let first = phase(z);
  let channel = z % params.groups * group_inputs() + column;
  for (var pixel = row; pixel < min(row + 4u, gemm_rows()); pixel++) {
    let line = pixel / phase_width();
    let image = line / phase_height();
    let y = (line - image * phase_height()) * params.stride_height + first.x;
    let x = (pixel - line * phase_width()) * params.stride_width + first.y;
    let start = ((image * params.in_height + y) * params.in_width + x) * params.in_channels + channel;
    if ((y < params.in_height) & (x < params.in_width)) {
      var sum = block[pixel - row];
      if (ACCUMULATE == 1u) {
        sum += dx[start / 4u];
      }
      dx[start / 4u] = sum;
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
