// Similarities of four rows with four columns, for kernels that bind the unit rows `v` (padded with zeros to params.d4
// vec4s) and the rows' `labels`, and whose params have n, d4 and inverse_temperature.

// Stands for the maximum of nothing: below every similarity, yet far from overflow.
const LOWEST: f32 = -1e30;

// Four consecutive rows; indices beyond the last one repeat it, so that every load is in bounds.
fn clamped(four: vec4u) -> vec4u {
  return min(four, vec4u(params.n - 1u));
}

fn labels_of(four: vec4u) -> vec4i {
  let at = clamped(four);
  return vec4i(labels[at.x], labels[at.y], labels[at.z], labels[at.w]);
}

// s[r] holds the similarities of row r with the four columns, v_row · v_column / temperature.
fn similarities(rows: vec4u, columns: vec4u) -> mat4x4f {
  let a = clamped(rows) * params.d4;
  let b = clamped(columns) * params.d4;
  // Said outright: a driver was seen to keep a variable's last value where callers loop.
  var s = mat4x4f();
  for (var k = 0u; k < params.d4; k++) {
    let a_x = v[a.x + k];
    let a_y = v[a.y + k];
    let a_z = v[a.z + k];
    let a_w = v[a.w + k];
    let others = mat4x4f(v[b.x + k], v[b.y + k], v[b.z + k], v[b.w + k]);
    s += mat4x4f(a_x * others, a_y * others, a_z * others, a_w * others);
  }
  return s * params.inverse_temperature;
}
