// C[m,n] = Σ_k op(A)[m,k] · op(B)[k,n] + bias[n], in a batch.
// Layout: row-major; A is stored [k,m] and B [n,k] where transposed; any sizes.
// Scheme: a workgroup stages tiles of A and B in workgroup memory (lib/gemm_tile.wgsl).
// Traffic: A is read n/TILE_COLUMNS times and B m/TILE_ROWS times, C written once.

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
// Matrix product C[m,n] = op(A) · op(B) + bias in a batch: sizes, strides and the shape of the GEMM.
// Matrices are row-major with the given strides in elements. The slice z of the grid is a batch index,
// outer · inner_count + inner, so that a batch may be a (batch, head) pair inside one packed tensor.
const TRANSPOSE_A: u32 = 0u; // @tune
const TRANSPOSE_B: u32 = 0u; // @tune
// Whether a step may run past the end of k.
const MASK_K: u32 = 1u; // @tune
const BIAS: u32 = 0u; // @tune
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

fn gemm_depth(z: u32) -> u32 {
  return params.k;
}

fn batch_offset(z: u32, offset: u32, outer: u32, inner: u32) -> u32 {
  return offset + z / params.inner_count * outer + z % params.inner_count * inner;
}

fn a_base(z: u32) -> u32 {
  return batch_offset(z, params.a_offset, params.a_outer, params.a_inner);
}

fn b_base(z: u32) -> u32 {
  return batch_offset(z, params.b_offset, params.b_outer, params.b_inner);
}

fn c_base(z: u32) -> u32 {
  return batch_offset(z, params.c_offset, params.c_outer, params.c_inner);
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
  (*lines).at += k * (*lines).k_stride;
}

fn b_seek(lines: ptr<function, Lines>, segment: u32, k: u32, z: u32) {
  (*lines).at += k * (*lines).k_stride;
}

fn a_step(lines: ptr<function, Lines>) {
  (*lines).at += K_STEP * (*lines).k_stride;
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
          sum += bias[column + j];
        }
        if (ACCUMULATE == 1u) {
          sum += c[at];
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
