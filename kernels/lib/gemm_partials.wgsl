// Partial statistics of C for the batch normalisation that follows, taken while C is in registers:
// partials[chunk][0|1][column] = mean and sum of squared deviations of CHUNK_ROWS rows, as batch_norm/statistics.wgsl leaves them.
const MOMENTS: u32 = 1u;

@group(0) @binding(5) var<storage, read_write> partials: array<vec4f>;

// Stores the sums about `about` of the chunk that starts at `row`.
fn moments_store(row: u32, column: u32, about: vec4f, sums: Sums) {
  if (row >= gemm_rows() || column >= gemm_columns()) {
    return;
  }
  let mean = sums.sum / f32(min(gemm_rows() - row, CHUNK_ROWS));
  let at = (2u * (row / CHUNK_ROWS) * gemm_columns() + column) / 4u;
  partials[at] = about + mean;
  partials[at + gemm_columns() / 4u] = max(sums.squares - sums.sum * mean, vec4f());
}
