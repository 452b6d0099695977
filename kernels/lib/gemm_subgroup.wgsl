// GEMM body `subgroup`: C = A · B, every block of A loaded once a subgroup and broadcast. For drivers that run on a processor,
// where a load costs more than the arithmetic it feeds. No workgroup memory, no barrier.
//
// A subgroup of exactly SUBGROUP lanes (4 or 8) computes 4·SUBGROUP·ROW_BLOCKS rows of C; each lane has 4·COLUMN_BLOCKS
// columns of all of them. In a step of four k, lane l loads rows 4l to 4l + 3 of A, and every lane multiplies its own blocks
// of B with each lane's rows in turn. SUBGROUPS subgroups lie side by side. Rows depend on the workgroup alone, so any
// assignment of invocations to subgroups gives the same result.
const SUBGROUP: u32 = 4u; // @tune
const SUBGROUPS: u32 = 1u; // @tune
const ROW_BLOCKS: u32 = 1u; // @tune
const COLUMN_BLOCKS: u32 = 1u; // @tune
const WORKGROUP: u32 = SUBGROUP * SUBGROUPS;
const K_STEP: u32 = 4u;
const STRIP: u32 = 4u * SUBGROUP;
const TILE_ROWS: u32 = STRIP * ROW_BLOCKS;
const TILE_COLUMNS: u32 = 4u * COLUMN_BLOCKS * WORKGROUP;

// STRIP rows of C: the blocks from each lane's rows of A, left and right in turn.
alias Strip = array<mat4x4f, 16>;

fn from_0(a: mat4x4f) -> mat4x4f {
  return mat4x4f(
    subgroupBroadcast(a[0], 0u),
    subgroupBroadcast(a[1], 0u),
    subgroupBroadcast(a[2], 0u),
    subgroupBroadcast(a[3], 0u),
  );
}

fn from_1(a: mat4x4f) -> mat4x4f {
  return mat4x4f(
    subgroupBroadcast(a[0], 1u),
    subgroupBroadcast(a[1], 1u),
    subgroupBroadcast(a[2], 1u),
    subgroupBroadcast(a[3], 1u),
  );
}

fn from_2(a: mat4x4f) -> mat4x4f {
  return mat4x4f(
    subgroupBroadcast(a[0], 2u),
    subgroupBroadcast(a[1], 2u),
    subgroupBroadcast(a[2], 2u),
    subgroupBroadcast(a[3], 2u),
  );
}

fn from_3(a: mat4x4f) -> mat4x4f {
  return mat4x4f(
    subgroupBroadcast(a[0], 3u),
    subgroupBroadcast(a[1], 3u),
    subgroupBroadcast(a[2], 3u),
    subgroupBroadcast(a[3], 3u),
  );
}

fn from_4(a: mat4x4f) -> mat4x4f {
  return mat4x4f(
    subgroupBroadcast(a[0], 4u),
    subgroupBroadcast(a[1], 4u),
    subgroupBroadcast(a[2], 4u),
    subgroupBroadcast(a[3], 4u),
  );
}

fn from_5(a: mat4x4f) -> mat4x4f {
  return mat4x4f(
    subgroupBroadcast(a[0], 5u),
    subgroupBroadcast(a[1], 5u),
    subgroupBroadcast(a[2], 5u),
    subgroupBroadcast(a[3], 5u),
  );
}

fn from_6(a: mat4x4f) -> mat4x4f {
  return mat4x4f(
    subgroupBroadcast(a[0], 6u),
    subgroupBroadcast(a[1], 6u),
    subgroupBroadcast(a[2], 6u),
    subgroupBroadcast(a[3], 6u),
  );
}

fn from_7(a: mat4x4f) -> mat4x4f {
  return mat4x4f(
    subgroupBroadcast(a[0], 7u),
    subgroupBroadcast(a[1], 7u),
    subgroupBroadcast(a[2], 7u),
    subgroupBroadcast(a[3], 7u),
  );
}

fn accumulate(c: ptr<function, Strip>, a: mat4x4f, b0: mat4x4f, b1: mat4x4f) {
  let a0 = from_0(a);
  (*c)[0] += b0 * a0;
  if (COLUMN_BLOCKS == 2u) {
    (*c)[1] += b1 * a0;
  }
  let a1 = from_1(a);
  (*c)[2] += b0 * a1;
  if (COLUMN_BLOCKS == 2u) {
    (*c)[3] += b1 * a1;
  }
  let a2 = from_2(a);
  (*c)[4] += b0 * a2;
  if (COLUMN_BLOCKS == 2u) {
    (*c)[5] += b1 * a2;
  }
  let a3 = from_3(a);
  (*c)[6] += b0 * a3;
  if (COLUMN_BLOCKS == 2u) {
    (*c)[7] += b1 * a3;
  }
  if (SUBGROUP == 8u) {
    let a4 = from_4(a);
    (*c)[8] += b0 * a4;
    if (COLUMN_BLOCKS == 2u) {
      (*c)[9] += b1 * a4;
    }
    let a5 = from_5(a);
    (*c)[10] += b0 * a5;
    if (COLUMN_BLOCKS == 2u) {
      (*c)[11] += b1 * a5;
    }
    let a6 = from_6(a);
    (*c)[12] += b0 * a6;
    if (COLUMN_BLOCKS == 2u) {
      (*c)[13] += b1 * a6;
    }
    let a7 = from_7(a);
    (*c)[14] += b0 * a7;
    if (COLUMN_BLOCKS == 2u) {
      (*c)[15] += b1 * a7;
    }
  }
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lid: u32,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let tiles_across = (gemm_columns() + TILE_COLUMNS - 1u) / TILE_COLUMNS;
  let tile = workgroup_index(wid, nwg);
  let row = tile / tiles_across * TILE_ROWS;
  let column = tile % tiles_across * TILE_COLUMNS + lid * 4u * COLUMN_BLOCKS;
  if (row >= gemm_rows()) {
    return;
  }

  var rows0 = a_open(row + 4u * lane, wid.z);
  var rows1 = a_open(row + STRIP + 4u * lane, wid.z);
  var columns0 = b_open(column, wid.z);
  var columns1 = b_open(column + 4u, wid.z);
  var c0: Strip;
  var c1: Strip;
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
        accumulate(&c0, a0, b0, b1);
        if (ROW_BLOCKS == 2u) {
          accumulate(&c1, a1, b0, b1);
        }
        a_step(&rows0);
        a_step(&rows1);
        b_step(&columns0);
        b_step(&columns1);
      }
    }
  }
  // A copy may be indexed by a loop, which the accumulators must not be to stay in registers; so the code that stores a
  // block is there, and is compiled, once.
  for (var strip = 0u; strip < ROW_BLOCKS; strip++) {
    var blocks = c0;
    if (ROW_BLOCKS == 2u) {
      if (strip == 1u) {
        blocks = c1;
      }
    }
    for (var i = 0u; i < 2u * SUBGROUP; i += 3u - COLUMN_BLOCKS) {
      c_store(row + STRIP * strip + i / 2u * 4u, column + i % 2u * 4u, wid.z, blocks[i]);
    }
  }
}
