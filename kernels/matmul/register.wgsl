// C[m,n] = Σ_k op(A)[m,k] · op(B)[k,n] + bias[n], in a batch.
// Layout: row-major; A is stored [k,m] and B [n,k] where transposed; stored row lengths are multiples of 4.
// Scheme: an invocation keeps a 4×4 to 8×8 tile in registers and reads its operands from memory (lib/gemm_register.wgsl).
// Traffic: A is read n/(4·COLUMN_BLOCKS) times and B m/(4·ROW_BLOCKS) times through the caches, C written once.

// @include lib/grid.wgsl
// Folded grids: a dispatch that needs more workgroups than one dimension may hold (65,535) spreads them over x and y.

// The workgroup's number in x-major order. The last row may run past the count that is needed, so kernels check their
// bounds.
fn workgroup_index(wid: vec3u, nwg: vec3u) -> u32 {
  return wid.x + wid.y * nwg.x;
}
// @end

// @include lib/matmul_operands.wgsl
// GEMM operands of a matrix product read as vec4s: every stride, offset and stored row length is a multiple of 4.

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

@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> c: array<vec4f>;

// Where the four vec4s of a block lie now, and how far the next step goes.
struct Block {
  at: vec4u,
  step: u32,
}

// k runs along the stored rows: four of them, the last repeated beyond the end.
fn along(base: u32, stride: u32, line: u32, lines: u32) -> Block {
  let four = min(vec4u(line) + vec4u(0u, 1u, 2u, 3u), vec4u(lines - 1u));
  return Block((base + four * stride) / 4u, (K_STEP + 3u) / 4u);
}

// k runs across the stored rows: one vec4 of four successive rows.
fn across(base: u32, stride: u32, line: u32, lines: u32) -> Block {
  let first = base + min(line, lines - 4u);
  return Block((first + vec4u(0u, 1u, 2u, 3u) * stride) / 4u, K_STEP * stride / 4u);
}

fn a_open(row: u32, z: u32) -> Block {
  if (TRANSPOSE_A == 1u) {
    return across(a_base(z), params.a_row, row, params.m);
  }
  return along(a_base(z), params.a_row, row, params.m);
}

fn b_open(column: u32, z: u32) -> Block {
  if (TRANSPOSE_B == 1u) {
    return along(b_base(z), params.b_row, column, params.n);
  }
  return across(b_base(z), params.b_row, column, params.n);
}

fn a_seek(block: ptr<function, Block>, segment: u32, k: u32, z: u32) {
  (*block).at += (split_start(z) + k) / 4u * select(1u, params.a_row, TRANSPOSE_A == 1u);
}

fn b_seek(block: ptr<function, Block>, segment: u32, k: u32, z: u32) {
  (*block).at += (split_start(z) + k) / 4u * select(params.b_row, 1u, TRANSPOSE_B == 1u);
}

fn a_step(block: ptr<function, Block>) {
  (*block).at += (*block).step;
}

fn b_step(block: ptr<function, Block>) {
  (*block).at += (*block).step;
}

// The k of a block's four vec4s: the same where k runs along them.
fn ks(k: u32, transposed: bool) -> vec4u {
  return select(vec4u(k), k + vec4u(0u, 1u, 2u, 3u), transposed);
}

fn a_block(block: Block, k: u32, depth: u32) -> mat4x4f {
  var read = mat4x4f(a[block.at.x], a[block.at.y], a[block.at.z], a[block.at.w]);
  if (MASK_K == 1u) {
    read = masked(read, ks(k, TRANSPOSE_A == 1u) < vec4u(depth));
  }
  if (TRANSPOSE_A == 1u) {
    return transpose(read);
  }
  return read;
}

fn b_block(block: Block, k: u32, depth: u32) -> mat4x4f {
  var read = mat4x4f(b[block.at.x], b[block.at.y], b[block.at.z], b[block.at.w]);
  if (MASK_K == 1u) {
    read = masked(read, ks(k, TRANSPOSE_B == 0u) < vec4u(depth));
  }
  if (TRANSPOSE_B == 1u) {
    return transpose(read);
  }
  return read;
}

fn c_store(row: u32, column: u32, z: u32, block: mat4x4f) {
  if (column >= params.n) {
    return;
  }
  var shift = vec4f();
  if (BIAS == 1u) {
    shift = select(shift, bias[column / 4u], split_of(z) == 0u);
  }
  let first = c_base(z) + column;
  for (var r = 0u; r < 4u; r++) {
    if (row + r < params.m) {
      let at = (first + (row + r) * params.c_row) / 4u;
      var sum = block[r] + shift;
      if (ACCUMULATE == 1u) {
        sum += c[at];
      }
      if (RELU == 1u) {
        sum = max(sum, vec4f());
      }
      c[at] = sum;
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
