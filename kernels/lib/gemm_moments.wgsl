// Sums over rows of C, four columns at a time, about a value of each column. Where that is one of the rows' own, squares do not
// cancel however far the mean is from 0: they are larger than those about the mean by a factor of the number of rows at most.
struct Sums {
  sum: vec4f,
  squares: vec4f,
}

// Adds the four rows of a block that starts at `row`; those beyond the end of C are left out.
fn add_rows(sums: ptr<function, Sums>, block: mat4x4f, row: u32, about: vec4f) {
  let inside = vec4f(vec4u(0u, 1u, 2u, 3u) < vec4u(max(gemm_rows(), row) - row));
  let d0 = block[0] - about;
  let d1 = block[1] - about;
  let d2 = block[2] - about;
  let d3 = block[3] - about;
  (*sums).sum += mat4x4f(d0, d1, d2, d3) * inside;
  (*sums).squares += mat4x4f(d0 * d0, d1 * d1, d2 * d2, d3 * d3) * inside;
}
