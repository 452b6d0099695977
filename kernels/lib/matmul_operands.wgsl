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
