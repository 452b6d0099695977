// C[m,n] = Σ_k op(A)[m,k] · op(B)[k,n] + bias[n], in a batch: any sizes and strides.
// Layout: row-major; A is stored [k,m] and B [n,k] where transposed.
// Scheme: an invocation computes one element; a workgroup 8 × 8 of them. Traffic: 8·m·n·k bytes read through the caches.

const WORKGROUP_X: u32 = 8u; // @tune
const WORKGROUP_Y: u32 = 8u; // @tune

// @include lib/grid.wgsl
// Folded grids: a dispatch that needs more workgroups than one dimension may hold (65,535) spreads them over x and y.

// The workgroup's number in x-major order. The last row may run past the count that is needed, so kernels check their
// bounds.
fn workgroup_index(wid: vec3u, nwg: vec3u) -> u32 {
  return wid.x + wid.y * nwg.x;
}
// @end

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

@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_id) lid: vec3u,
) {
  let tiles_across = (params.n + WORKGROUP_X - 1u) / WORKGROUP_X;
  let tile = workgroup_index(wid, nwg);
  let row = tile / tiles_across * WORKGROUP_Y + lid.y;
  let column = tile % tiles_across * WORKGROUP_X + lid.x;
  if ((row >= params.m) | (column >= params.n)) {
    return;
  }
  let a_stride = select(1u, params.a_row, TRANSPOSE_A == 1u);
  let b_stride = select(params.b_row, 1u, TRANSPOSE_B == 1u);
  let first = split_start(wid.z);
  var a_at = a_base(wid.z) + row * select(params.a_row, 1u, TRANSPOSE_A == 1u) + first * a_stride;
  var b_at = b_base(wid.z) + column * select(1u, params.b_row, TRANSPOSE_B == 1u) + first * b_stride;
  var sum = 0.0;
  if (BIAS == 1u) {
    sum = select(0.0, bias[column], split_of(wid.z) == 0u);
  }
  for (var k = 0u; k < gemm_depth(wid.z); k++) {
    sum += a[a_at] * b[b_at];
    a_at += a_stride;
    b_at += b_stride;
  }
  let c_at = c_base(wid.z) + row * params.c_row + column;
  if (ACCUMULATE == 1u) {
    sum += c[c_at];
  }
  if (RELU == 1u) {
    sum = max(sum, 0.0);
  }
  c[c_at] = sum;
}
