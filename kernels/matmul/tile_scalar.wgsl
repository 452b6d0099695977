// C[m,n] = Σ_k op(A)[m,k] · op(B)[k,n] + bias[n], in a batch.
// Layout: row-major; A is stored [k,m] and B [n,k] where transposed; any sizes.
// Scheme: a workgroup stages tiles of A and B in workgroup memory (lib/gemm_tile.wgsl).
// Traffic: A is read n/TILE_COLUMNS times and B m/TILE_ROWS times, C written once.

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

// @include lib/matmul_operands_scalar.wgsl
// GEMM operands of a matrix product read float by float: any sizes, strides and offsets.

// @include lib/matmul_problem.wgsl
// Matrix product C[m,n] = act(op(A) · op(B) + bias), act the identity or ReLU, in a batch: sizes, strides and the shape of the GEMM.
// Matrices are row-major with the given strides in elements. The slice z of the grid is batch · splits + split. A batch is
// outer · inner_count + inner, so that it may be a (batch, head) pair inside one packed tensor. Each split of k has its own
// partial sums, which `reduce/sum_partials` adds in a fixed order; the first one's have the bias.
const TRANSPOSE_A: u32 = 0u; // @tune
const TRANSPOSE_B: u32 = 0u; // @tune
// Whether a step may run past the end of k.
const MASK_K: u32 = 1u; // @tune
const BIAS: u32 = 0u; // @tune
const RELU: u32 = 0u; // @tune
// Whether the product is added to what C holds.
const ACCUMULATE: u32 = 0u; // @tune
const A_K_MAJOR: u32 = TRANSPOSE_A;
const B_K_MAJOR: u32 = 1u - TRANSPOSE_B;

struct Params {
  m: u32,
  n: u32,
  k: u32,
  inner_count: u32,
  a_offset: u32,
  a_row: u32,
  a_outer: u32,
  a_inner: u32,
  b_offset: u32,
  b_row: u32,
  b_outer: u32,
  b_inner: u32,
  c_offset: u32,
  c_row: u32,
  c_outer: u32,
  c_inner: u32,
  splits: u32,
  // The k of a split, a multiple of 16 where there are several, and the elements of a partial.
  split_k: u32,
  partial_size: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
fn gemm_rows() -> u32 {
  return params.m;
}

fn gemm_columns() -> u32 {
  return params.n;
}

fn gemm_segments() -> u32 {
  return 1u;
}

fn gemm_meets(segment: u32, z: u32) -> bool {
  return true;
}

fn split_of(z: u32) -> u32 {
  return z % params.splits;
}

fn split_start(z: u32) -> u32 {
  return split_of(z) * params.split_k;
}

fn gemm_depth(z: u32) -> u32 {
  return min(params.k - split_start(z), params.split_k);
}

fn batch_offset(z: u32, offset: u32, outer: u32, inner: u32) -> u32 {
  let batch = z / params.splits;
  return offset + batch / params.inner_count * outer + batch % params.inner_count * inner;
}

fn a_base(z: u32) -> u32 {
  return batch_offset(z, params.a_offset, params.a_outer, params.a_inner);
}

fn b_base(z: u32) -> u32 {
  return batch_offset(z, params.b_offset, params.b_outer, params.b_inner);
}

fn c_base(z: u32) -> u32 {
  return batch_offset(z, params.c_offset, params.c_outer, params.c_inner) + split_of(z) * params.partial_size;
}
// @end

@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> c: array<f32>;

// Where four lines (rows of A, columns of B) are at the current k, and the distance of one k.
struct Lines {
  at: vec4u,
  k_stride: u32,
}

fn lines_from(line: u32, lines: u32) -> vec4u {
  return min(line + vec4u(0u, 1u, 2u, 3u), vec4u(lines - 1u));
}

fn a_open(row: u32, z: u32) -> Lines {
  let stride = select(params.a_row, 1u, TRANSPOSE_A == 1u);
  return Lines(a_base(z) + lines_from(row, params.m) * stride, select(1u, params.a_row, TRANSPOSE_A == 1u));
}

fn b_open(column: u32, z: u32) -> Lines {
  let stride = select(1u, params.b_row, TRANSPOSE_B == 1u);
  return Lines(b_base(z) + lines_from(column, params.n) * stride, select(params.b_row, 1u, TRANSPOSE_B == 1u));
}

fn a_seek(lines: ptr<function, Lines>, segment: u32, k: u32, z: u32) {
  (*lines).at += (split_start(z) + k) * (*lines).k_stride;
}

fn b_seek(lines: ptr<function, Lines>, segment: u32, k: u32, z: u32) {
  (*lines).at += (split_start(z) + k) * (*lines).k_stride;
}

fn a_step(lines: ptr<function, Lines>) {
  // Where k runs along the rows of A, a block is read for four k at least.
  (*lines).at += max(K_STEP, 4u - 4u * TRANSPOSE_A) * (*lines).k_stride;
}

fn b_step(lines: ptr<function, Lines>) {
  (*lines).at += K_STEP * (*lines).k_stride;
}

fn a_at(at: vec4u, valid: bool) -> vec4f {
  return select(vec4f(), vec4f(a[at.x], a[at.y], a[at.z], a[at.w]), valid);
}

fn b_at(at: vec4u, valid: bool) -> vec4f {
  return select(vec4f(), vec4f(b[at.x], b[at.y], b[at.z], b[at.w]), valid);
}

fn a_block(lines: Lines, k: u32, depth: u32) -> mat4x4f {
  return transpose(mat4x4f(
    a_at(lines.at, k < depth),
    a_at(lines.at + lines.k_stride, k + 1u < depth),
    a_at(lines.at + 2u * lines.k_stride, k + 2u < depth),
    a_at(lines.at + 3u * lines.k_stride, k + 3u < depth),
  ));
}

fn b_block(lines: Lines, k: u32, depth: u32) -> mat4x4f {
  return mat4x4f(
    b_at(lines.at, k < depth),
    b_at(lines.at + lines.k_stride, k + 1u < depth),
    b_at(lines.at + 2u * lines.k_stride, k + 2u < depth),
    b_at(lines.at + 3u * lines.k_stride, k + 3u < depth),
  );
}

fn c_store(row: u32, column: u32, z: u32, block: mat4x4f) {
  for (var r = 0u; r < 4u; r++) {
    for (var j = 0u; j < 4u; j++) {
      if ((row + r < params.m) & (column + j < params.n)) {
        let at = c_base(z) + (row + r) * params.c_row + column + j;
        var sum = block[r][j];
        if (BIAS == 1u) {
          sum += select(0.0, bias[column + j], split_of(z) == 0u);
        }
        if (ACCUMULATE == 1u) {
          sum += c[at];
        }
        if (RELU == 1u) {
          sum = max(sum, 0.0);
        }
        c[at] = sum;
      }
    }
  }
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
