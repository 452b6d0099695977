// dx[n,i,j,c] = Σ_{p,q,o} dy[n, (i + pad - p·dilation)/stride, (j + pad - q·dilation)/stride, o] · w[p,q,c,o], whole quotients only.
// Layout: NHWC and HWIO, channels multiples of 4.
// Implicit GEMM: rows are input pixels of one stride phase, k the output channels of a tap (lib/conv_dgrad_operands.wgsl).
// Scheme: a workgroup stages tiles of both operands in workgroup memory (lib/gemm_tile.wgsl).
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
// GEMM operands of the convolution's input gradient: C = dx, one row an input pixel, one column an input channel.
// A is dy seen through the filter backwards: k runs over the output channels of one tap, taps are the segments. B is w
// read transposed. The slice z of the grid is a phase: the input pixels whose coordinates leave the same remainders
// by the strides. They meet the same taps, so no product with a zero between strided pixels is ever formed.
// Input and output channels are multiples of 4; groups = 1.
const A_K_MAJOR: u32 = 0u;
const B_K_MAJOR: u32 = 0u;

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

// Four input pixels of a phase, by their place in it, and where the current tap reads.
struct Pixels {
  image: vec4u,
  row: vec4u,
  column: vec4u,
  at: vec4u,
  inside: vec4<bool>,
}

struct Weights {
  lines: vec4u,
  at: vec4u,
}

fn phase_height() -> u32 {
  return (params.in_height + params.stride_height - 1u) / params.stride_height;
}

fn phase_width() -> u32 {
  return (params.in_width + params.stride_width - 1u) / params.stride_width;
}

fn gemm_rows() -> u32 {
  return params.batch * phase_height() * phase_width();
}

fn gemm_columns() -> u32 {
  return params.in_channels;
}

fn gemm_segments() -> u32 {
  return params.kernel_height * params.kernel_width;
}

fn gemm_depth(z: u32) -> u32 {
  return params.out_channels;
}

// How far a tap lies from the first input pixel of a phase, in input pixels: down and to the right.
fn tap_distance(tap: u32, z: u32) -> vec2i {
  let first = vec2u(z / params.stride_width + params.pad_height, z % params.stride_width + params.pad_width);
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

fn a_seek(pixels: ptr<function, Pixels>, tap: u32, k: u32, z: u32) {
  let shift = vec2u(tap_distance(tap, z) / vec2i(i32(params.stride_height), i32(params.stride_width)));
  let row = (*pixels).row + shift.x;
  let column = (*pixels).column + shift.y;
  let inside = (row < vec4u(params.out_height)) & (column < vec4u(params.out_width));
  let pixel = ((*pixels).image * params.out_height + row) * params.out_width + column;
  (*pixels).at = (select(vec4u(), pixel, inside) * params.out_channels + k) / 4u;
  (*pixels).inside = inside;
}

fn a_step(pixels: ptr<function, Pixels>) {
  (*pixels).at += K_STEP / 4u;
}

fn a_block(pixels: Pixels, k: u32, depth: u32) -> mat4x4f {
  let read = mat4x4f(dy[pixels.at.x], dy[pixels.at.y], dy[pixels.at.z], dy[pixels.at.w]);
  return masked(read, pixels.inside & vec4<bool>(k < depth));
}

fn b_open(column: u32, z: u32) -> Weights {
  return Weights(min(column + vec4u(0u, 1u, 2u, 3u), vec4u(params.in_channels - 1u)), vec4u());
}

fn b_seek(weights: ptr<function, Weights>, tap: u32, k: u32, z: u32) {
  (*weights).at = ((tap * params.in_channels + (*weights).lines) * params.out_channels + k) / 4u;
}

fn b_step(weights: ptr<function, Weights>) {
  (*weights).at += K_STEP / 4u;
}

fn b_block(weights: Weights, k: u32, depth: u32) -> mat4x4f {
  let read = transpose(mat4x4f(w[weights.at.x], w[weights.at.y], w[weights.at.z], w[weights.at.w]));
  if (K_STEP > 4u) {
    return masked(read, vec4<bool>(k < depth));
  }
  return read;
}

fn c_store(row: u32, column: u32, z: u32, block: mat4x4f) {
  if (column >= params.in_channels) {
    return;
  }
  for (var pixel = row; pixel < min(row + 4u, gemm_rows()); pixel++) {
    let line = pixel / phase_width();
    let image = line / phase_height();
    let y = (line - image * phase_height()) * params.stride_height + z / params.stride_width;
    let x = (pixel - line * phase_width()) * params.stride_width + z % params.stride_width;
    if ((y < params.in_height) & (x < params.in_width)) {
      let at = ((image * params.in_height + y) * params.in_width + x) * params.in_channels + column;
      dx[at / 4u] = block[pixel - row];
    }
  }
}
// @end

// @include lib/gemm_tile.wgsl
// GEMM body `tile`: C = A · B with tiles of both operands staged in workgroup memory, for GPUs.
//
// THREADS_X × THREADS_Y invocations compute 4·ROW_BLOCKS·THREADS_Y rows by 4·COLUMN_BLOCKS·THREADS_X columns of C. A round
// stages K_STEP k of both operands: an invocation reads at most one 4×4 block of A and one of B and stores them k-major,
// whatever their layout in memory. Then each invocation adds K_STEP outer products to its registers. Its blocks lie
// THREADS_Y and THREADS_X blocks apart, so that neighbours read neighbouring vec4s of workgroup memory.
// The staged blocks, (rows + columns)/4 · K_STEP/4, must not be more than twice the invocations, nor either half more than once.
const ROW_BLOCKS: u32 = 2u; // @tune
const COLUMN_BLOCKS: u32 = 2u; // @tune
const THREADS_X: u32 = 8u; // @tune
const THREADS_Y: u32 = 8u; // @tune
const K_STEP: u32 = 16u; // @tune
const THREADS: u32 = THREADS_X * THREADS_Y;
const TILE_ROWS: u32 = 4u * ROW_BLOCKS * THREADS_Y;
const TILE_COLUMNS: u32 = 4u * COLUMN_BLOCKS * THREADS_X;
const A_STAGED: u32 = TILE_ROWS / 4u * (K_STEP / 4u);
const B_STAGED: u32 = TILE_COLUMNS / 4u * (K_STEP / 4u);
// One vec4 more than a k needs, so that invocations that store blocks of different k meet different banks.
const A_PITCH: u32 = TILE_ROWS / 4u + 1u;
const B_PITCH: u32 = TILE_COLUMNS / 4u + 1u;

var<workgroup> a_tile: array<vec4f, K_STEP * A_PITCH>;
var<workgroup> b_tile: array<vec4f, K_STEP * B_PITCH>;

// Column r is row r of the product of a column of A and a row of B.
fn outer(a: vec4f, b: vec4f) -> mat4x4f {
  return mat4x4f(a.x * b, a.y * b, a.z * b, a.w * b);
}

@compute @workgroup_size(THREADS_X, THREADS_Y)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_id) lid: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let tiles_across = (gemm_columns() + TILE_COLUMNS - 1u) / TILE_COLUMNS;
  let tile = workgroup_index(wid, nwg);
  let row = tile / tiles_across * TILE_ROWS;
  let column = tile % tiles_across * TILE_COLUMNS;
  if (row >= gemm_rows()) {
    return;
  }

  // Which block of each operand this invocation stages: neighbours follow the direction that is contiguous in memory.
  let b_lane = THREADS - 1u - lane;
  let a_line = select(lane / (K_STEP / 4u), lane % (TILE_ROWS / 4u), A_K_MAJOR == 1u);
  let a_k = 4u * select(lane % (K_STEP / 4u), lane / (TILE_ROWS / 4u), A_K_MAJOR == 1u);
  let b_line = select(b_lane / (K_STEP / 4u), b_lane % (TILE_COLUMNS / 4u), B_K_MAJOR == 1u);
  let b_k = 4u * select(b_lane % (K_STEP / 4u), b_lane / (TILE_COLUMNS / 4u), B_K_MAJOR == 1u);
  var rows = a_open(row + 4u * a_line, wid.z);
  var columns = b_open(column + 4u * b_line, wid.z);

  var c00: mat4x4f;
  var c01: mat4x4f;
  var c10: mat4x4f;
  var c11: mat4x4f;
  let depth = gemm_depth(wid.z);
  for (var s = 0u; s < gemm_segments(); s++) {
    if (gemm_meets(s, wid.z)) {
      a_seek(&rows, s, a_k, wid.z);
      b_seek(&columns, s, b_k, wid.z);
      for (var k = 0u; k < depth; k += K_STEP) {
        if (lane < A_STAGED) {
          let block = transpose(a_block(rows, k + a_k, depth));
          let at = a_k * A_PITCH + a_line;
          a_tile[at] = block[0];
          a_tile[at + A_PITCH] = block[1];
          a_tile[at + 2u * A_PITCH] = block[2];
          a_tile[at + 3u * A_PITCH] = block[3];
        }
        if (b_lane < B_STAGED) {
          let block = b_block(columns, k + b_k, depth);
          let at = b_k * B_PITCH + b_line;
          b_tile[at] = block[0];
          b_tile[at + B_PITCH] = block[1];
          b_tile[at + 2u * B_PITCH] = block[2];
          b_tile[at + 3u * B_PITCH] = block[3];
        }
        a_step(&rows);
        b_step(&columns);
        workgroupBarrier();
        for (var i = 0u; i < K_STEP; i++) {
          let a0 = a_tile[i * A_PITCH + lid.y];
          let b0 = b_tile[i * B_PITCH + lid.x];
          c00 += outer(a0, b0);
          if (COLUMN_BLOCKS == 2u) {
            c01 += outer(a0, b_tile[i * B_PITCH + THREADS_X + lid.x]);
          }
          if (ROW_BLOCKS == 2u) {
            c10 += outer(a_tile[i * A_PITCH + THREADS_Y + lid.y], b0);
          }
          if (ROW_BLOCKS * COLUMN_BLOCKS == 4u) {
            c11 += outer(a_tile[i * A_PITCH + THREADS_Y + lid.y], b_tile[i * B_PITCH + THREADS_X + lid.x]);
          }
        }
        workgroupBarrier();
      }
    }
  }
  let first_row = row + 4u * lid.y;
  let first_column = column + 4u * lid.x;
  c_store(first_row, first_column, wid.z, c00);
  if (COLUMN_BLOCKS == 2u) {
    c_store(first_row, first_column + 4u * THREADS_X, wid.z, c01);
  }
  if (ROW_BLOCKS == 2u) {
    c_store(first_row + 4u * THREADS_Y, first_column, wid.z, c10);
  }
  if (ROW_BLOCKS * COLUMN_BLOCKS == 4u) {
    c_store(first_row + 4u * THREADS_Y, first_column + 4u * THREADS_X, wid.z, c11);
  }
}
// @end
