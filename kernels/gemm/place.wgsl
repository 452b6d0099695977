// Where in C a workgroup computes: the corner of its tile, and the slice. In the grid, which is folded, tiles side by side
// follow each other, then those below them, then those of the next slice. Workgroups with a slice too many have no work.
// @needs TILE_ROWS TILE_COLUMNS gemm_rows gemm_columns gemm_slices
// @include lib/grid.wgsl

struct Place {
  row: u32,
  column: u32,
  slice: u32,
}

fn place_of(wid: vec3u, nwg: vec3u) -> Place {
  let across = (gemm_columns() + TILE_COLUMNS - 1u) / TILE_COLUMNS;
  let tiles = across * ((gemm_rows() + TILE_ROWS - 1u) / TILE_ROWS);
  let index = workgroup_index(wid, nwg);
  let tile = index % tiles;
  return Place(tile / across * TILE_ROWS, tile % across * TILE_COLUMNS, index / tiles);
}
