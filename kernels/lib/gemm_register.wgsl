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
