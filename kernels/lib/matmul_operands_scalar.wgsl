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
