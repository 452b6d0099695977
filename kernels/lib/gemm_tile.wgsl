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
