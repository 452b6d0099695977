// dx[n,i,j,c] = Σ_{p,q,o} dy[n, (i + pad - p·dilation)/stride, (j + pad - q·dilation)/stride, o] · w[p,q,c,o], whole quotients only.
// Layout: NHWC and HWIO, channels of a group multiples of 4.
// Implicit GEMM: rows are input pixels of one stride phase and group, k the output channels of a tap (lib/conv_dgrad_operands.wgsl).
// Scheme: a workgroup stages tiles of both operands in workgroup memory (lib/gemm_tile.wgsl).
// Traffic: dy is read taps · columns/TILE_COLUMNS times, w rows/TILE_ROWS times, mostly from caches; dx is written once.

// @include lib/gemm_no_partials.wgsl
// No statistics of C are kept.
const MOMENTS: u32 = 0u;

fn moments_store(row: u32, column: u32, about: vec4f, sums: Sums) {}
// @end

// @include lib/grid.wgsl
// Folded grids: a dispatch that needs more workgroups than one dimension may hold (65,535) spreads them over x and y.

// The workgroup's number in x-major order. The last row may run past the count that is needed, so kernels check their
// bounds.
fn workgroup_index(wid: vec3u, nwg: vec3u) -> u32 {
  return wid.x + wid.y * nwg.x;
}
// @end

// @include lib/gemm_tile.wgsl
// GEMM body `tile`: C = A · B with tiles of both operands staged in workgroup memory, for GPUs.
//
// THREADS_X × THREADS_Y invocations compute 4·ROW_BLOCKS·THREADS_Y rows by 4·COLUMN_BLOCKS·THREADS_X columns of C in rounds of
// K_STEP k. A round is staged k-major, whatever the layout in memory: an invocation reads at most one 4×4 block of each operand.
// It asks for the blocks of the next round before it multiplies those of this one, so that products hide the wait for memory,
// and stores them to a second buffer, where nobody reads, so that a round has one barrier instead of two.
//
// Each k costs an invocation ROW_BLOCKS + COLUMN_BLOCKS vec4s of workgroup memory for 16·ROW_BLOCKS·COLUMN_BLOCKS fused
// multiply-adds: two bytes each for 4×4 outputs, one for 8×8.
const ROW_BLOCKS: u32 = 1u; // @tune
const COLUMN_BLOCKS: u32 = 1u; // @tune
const THREADS_X: u32 = 8u; // @tune
const THREADS_Y: u32 = 8u; // @tune
// At most 4·THREADS_X / ROW_BLOCKS and 4·THREADS_Y / COLUMN_BLOCKS, so that there are as many invocations as blocks of an operand.
const K_STEP: u32 = 8u; // @tune
const THREADS: u32 = THREADS_X * THREADS_Y;
const TILE_ROWS: u32 = 4u * ROW_BLOCKS * THREADS_Y;
const TILE_COLUMNS: u32 = 4u * COLUMN_BLOCKS * THREADS_X;
// Whose statistics are stored together.
const CHUNK_ROWS: u32 = TILE_ROWS;

// A line is four rows of A or four columns of B: one vec4 for each k.
const A_LINES: u32 = TILE_ROWS / 4u;
const B_LINES: u32 = TILE_COLUMNS / 4u;
const K_BLOCKS: u32 = K_STEP / 4u;
const A_STAGED: u32 = A_LINES * K_BLOCKS;
const B_STAGED: u32 = B_LINES * K_BLOCKS;
const A_BUFFER: u32 = A_LINES * K_STEP;
const B_BUFFER: u32 = B_LINES * K_STEP;

// A warp of 32 computes a patch 8 wide and 4 high, so that it reads few distinct vec4s of both tiles.
const PATCH_X: u32 = min(THREADS_X, 8u);
const PATCH_Y: u32 = min(THREADS_Y, 4u);

// Eight vec4s fill all banks once. Invocations that stage neighbouring blocks of k would store to the same banks; so in each
// block of k the lines are exchanged by another exclusive or, below the number of invocations that share them in the product.
// Eight successive lines still fill all banks.
const A_EXCHANGE: u32 = select(min(THREADS_Y, 8u) / K_BLOCKS, 0u, A_K_MAJOR == 1u);
const B_EXCHANGE: u32 = select(min(THREADS_X, 8u) / K_BLOCKS, 0u, B_K_MAJOR == 1u);

var<workgroup> a_tile: array<vec4f, 2u * A_BUFFER>;
var<workgroup> b_tile: array<vec4f, 2u * B_BUFFER>;

// The first segment from `first` on that slice z has.
fn segment_from(first: u32, z: u32) -> u32 {
  for (var segment = first; segment < gemm_segments(); segment++) {
    if (gemm_meets(segment, z)) {
      return segment;
    }
  }
  return gemm_segments();
}

// c += a · bᵀ for four rows and four columns at one k; c[r] is row r.
fn add_outer(c: ptr<function, mat4x4f>, a: vec4f, b: vec4f) {
  (*c)[0] = fma(vec4f(a.x), b, (*c)[0]);
  (*c)[1] = fma(vec4f(a.y), b, (*c)[1]);
  (*c)[2] = fma(vec4f(a.z), b, (*c)[2]);
  (*c)[3] = fma(vec4f(a.w), b, (*c)[3]);
}

// @include lib/gemm_moments.wgsl
// Sums over rows of C, four columns at a time, about a value of each column. Where that is one of the rows' own, squares do not
// cancel however far the mean is from 0: they are larger than those about the mean by a factor of the number of rows at most.
struct Sums {
  sum: vec4f,
  squares: vec4f,
}

// Adds the four rows of a block that starts at `row`; those beyond the end of C are left out.
fn add_rows(sums: ptr<function, Sums>, block: mat4x4f, row: u32, about: vec4f) {
  let inside = vec4f(vec4u(0u, 1u, 2u, 3u) < vec4u(max(gemm_rows(), row) - row));
  let d0 = block[0] - about;
  let d1 = block[1] - about;
  let d2 = block[2] - about;
  let d3 = block[3] - about;
  (*sums).sum += mat4x4f(d0, d1, d2, d3) * inside;
  (*sums).squares += mat4x4f(d0 * d0, d1 * d1, d2 * d2, d3 * d3) * inside;
}
// @end

// Four columns each.
const QUADS: u32 = THREADS_X * COLUMN_BLOCKS;

// Leaves the sums over the rows of one or two blocks, the second 4·THREADS_Y rows further down; the operands' tiles are free by then.
fn leave_sums(at: u32, upper: mat4x4f, lower: mat4x4f, row: u32, about: vec4f) {
  var sums = Sums(vec4f(), vec4f());
  add_rows(&sums, upper, row, about);
  if (ROW_BLOCKS == 2u) {
    add_rows(&sums, lower, row + 4u * THREADS_Y, about);
  }
  a_tile[at] = sums.sum;
  b_tile[at] = sums.squares;
}

@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let tiles_across = (gemm_columns() + TILE_COLUMNS - 1u) / TILE_COLUMNS;
  let tile = workgroup_index(wid, nwg);
  let row = tile / tiles_across * TILE_ROWS;
  let column = tile % tiles_across * TILE_COLUMNS;
  if (row >= gemm_rows()) {
    return;
  }

  // Which block of each operand this invocation stages, and where: the first invocations A, those after them B. Neighbours
  // follow the direction that is contiguous in memory.
  let b_lane = (lane + THREADS - A_STAGED % THREADS) % THREADS;
  let a_line = select(lane / K_BLOCKS, lane % A_LINES, A_K_MAJOR == 1u);
  let a_part = select(lane % K_BLOCKS, lane / A_LINES, A_K_MAJOR == 1u);
  let b_line = select(b_lane / K_BLOCKS, b_lane % B_LINES, B_K_MAJOR == 1u);
  let b_part = select(b_lane % K_BLOCKS, b_lane / B_LINES, B_K_MAJOR == 1u);
  let a_to = 4u * a_part * A_LINES + (a_line ^ (a_part * A_EXCHANGE));
  let b_to = 4u * b_part * B_LINES + (b_line ^ (b_part * B_EXCHANGE));
  var rows = a_open(row + 4u * a_line, wid.z);
  var columns = b_open(column + 4u * b_line, wid.z);

  // The blocks of an invocation lie THREADS_Y and THREADS_X lines apart, so that neighbours read neighbours.
  let warp = lane / (PATCH_X * PATCH_Y);
  let x = warp % (THREADS_X / PATCH_X) * PATCH_X + lane % PATCH_X;
  let y = warp / (THREADS_X / PATCH_X) * PATCH_Y + lane / PATCH_X % PATCH_Y;
  var c00 = mat4x4f();
  var c01 = mat4x4f();
  var c10 = mat4x4f();
  var c11 = mat4x4f();

  let depth = gemm_depth(wid.z);
  // The round to read next; then how many blocks of k the one before it has staged, and in which buffer.
  var segment = segment_from(0u, wid.z);
  var k = 0u;
  var staged = 0u;
  var buffer = 0u;
  // Outside of the loop, so that no round clears them.
  var a_read = mat4x4f();
  var b_read = mat4x4f();
  for (; (segment < gemm_segments()) | (staged > 0u); ) {
    var read = 0u;
    if (segment < gemm_segments()) {
      if (k == 0u) {
        a_seek(&rows, segment, 4u * a_part, wid.z);
        b_seek(&columns, segment, 4u * b_part, wid.z);
      }
      if (lane < A_STAGED) {
        a_read = a_block(rows, k + 4u * a_part, depth);
      }
      if (b_lane < B_STAGED) {
        b_read = b_block(columns, k + 4u * b_part, depth);
      }
      a_step(&rows);
      b_step(&columns);
      read = min(K_BLOCKS, (depth - k + 3u) / 4u);
      k += K_STEP;
      if (k >= depth) {
        k = 0u;
        segment = segment_from(segment + 1u, wid.z);
      }
    }
    // A segment that ends within a round costs no products with nothing. The bound is no constant, which also keeps drivers from
    // unrolling more than four k: 256 multiply-adds to 8 × 8 outputs.
    for (var part = 0u; part < staged; part++) {
      let a_at = buffer * A_BUFFER + 4u * part * A_LINES + (y ^ (part * A_EXCHANGE));
      let b_at = buffer * B_BUFFER + 4u * part * B_LINES + (x ^ (part * B_EXCHANGE));
      for (var i = 0u; i < 4u; i++) {
        let a0 = a_tile[a_at + i * A_LINES];
        let b0 = b_tile[b_at + i * B_LINES];
        var a1 = vec4f();
        var b1 = vec4f();
        if (ROW_BLOCKS == 2u) {
          a1 = a_tile[a_at + i * A_LINES + THREADS_Y];
        }
        if (COLUMN_BLOCKS == 2u) {
          b1 = b_tile[b_at + i * B_LINES + THREADS_X];
        }
        add_outer(&c00, a0, b0);
        if (COLUMN_BLOCKS == 2u) {
          add_outer(&c01, a0, b1);
        }
        if (ROW_BLOCKS == 2u) {
          add_outer(&c10, a1, b0);
        }
        if (ROW_BLOCKS * COLUMN_BLOCKS == 4u) {
          add_outer(&c11, a1, b1);
        }
      }
    }
    buffer = 1u - buffer;
    staged = read;
    if (staged > 0u) {
      if (lane < A_STAGED) {
        let block = transpose(a_read);
        let at = buffer * A_BUFFER + a_to;
        a_tile[at] = block[0];
        a_tile[at + A_LINES] = block[1];
        a_tile[at + 2u * A_LINES] = block[2];
        a_tile[at + 3u * A_LINES] = block[3];
      }
      if (b_lane < B_STAGED) {
        let at = buffer * B_BUFFER + b_to;
        b_tile[at] = b_read[0];
        b_tile[at + B_LINES] = b_read[1];
        b_tile[at + 2u * B_LINES] = b_read[2];
        b_tile[at + 3u * B_LINES] = b_read[3];
      }
    }
    workgroupBarrier();
  }
  let first_row = row + 4u * y;
  let first_column = column + 4u * x;
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
  // Everyone sums its rows about the tile's first one; then an invocation for each four columns adds that up, in a fixed order.
  if (MOMENTS == 1u) {
    if (y == 0u) {
      a_tile[x] = c00[0];
      if (COLUMN_BLOCKS == 2u) {
        a_tile[THREADS_X + x] = c01[0];
      }
    }
    workgroupBarrier();
    let about_left = a_tile[x];
    let about_right = a_tile[QUADS - THREADS_X + x];
    let about = a_tile[lane % QUADS];
    workgroupBarrier();
    leave_sums(y * QUADS + x, c00, c10, first_row, about_left);
    if (COLUMN_BLOCKS == 2u) {
      leave_sums(y * QUADS + THREADS_X + x, c01, c11, first_row, about_right);
    }
    workgroupBarrier();
    if (lane < QUADS) {
      var total = Sums(vec4f(), vec4f());
      for (var line = 0u; line < THREADS_Y; line++) {
        total.sum += a_tile[line * QUADS + lane];
        total.squares += b_tile[line * QUADS + lane];
      }
      moments_store(row, column + 4u * lane, about, total);
    }
  }
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
