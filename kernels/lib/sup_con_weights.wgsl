// The weights of the gradient, w_ik of sup_con/rows_backward_*, of four rows for four columns, for kernels that also bind
// `rows`, vec4(lse, a, β, 0) a row.

// @include lib/sup_con_tile.wgsl
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
// @end

// The weights of one row for four columns; `theirs` holds their lse, a and β, a column of the matrix each.
fn row_weights(s: vec4f, own: vec4f, theirs: mat4x4f, others: vec4<bool>, positives: vec4<bool>) -> vec4f {
  // Both exponents are at most 0 up to rounding, except at the row itself, which is masked.
  let softmax = own.y * exp(min(s - own.x, vec4f(1.0))) + theirs[1] * exp(min(s - theirs[0], vec4f(1.0)));
  return select(vec4f(), softmax, others) - select(vec4f(), own.z + theirs[2], positives);
}

// w[r] holds the weights of row r; columns from `end` on get 0.
fn tile_weights(four: vec4u, own_labels: vec4i, columns: vec4u, end: u32) -> mat4x4f {
  let s = similarities(four, columns);
  let own = clamped(four);
  let at = clamped(columns);
  let theirs = transpose(mat4x4f(rows[at.x], rows[at.y], rows[at.z], rows[at.w]));
  let column_labels = labels_of(columns);
  let valid = columns < vec4u(end);
  let self_positive = vec4<bool>(params.self_positive == 1u);
  let not_x = columns != vec4u(four.x);
  let not_y = columns != vec4u(four.y);
  let not_z = columns != vec4u(four.z);
  let not_w = columns != vec4u(four.w);
  let same_x = valid & (column_labels == vec4i(own_labels.x)) & (not_x | self_positive);
  let same_y = valid & (column_labels == vec4i(own_labels.y)) & (not_y | self_positive);
  let same_z = valid & (column_labels == vec4i(own_labels.z)) & (not_z | self_positive);
  let same_w = valid & (column_labels == vec4i(own_labels.w)) & (not_w | self_positive);
  return mat4x4f(
    row_weights(s[0], rows[own.x], theirs, valid & not_x, same_x),
    row_weights(s[1], rows[own.y], theirs, valid & not_y, same_y),
    row_weights(s[2], rows[own.z], theirs, valid & not_z, same_z),
    row_weights(s[3], rows[own.w], theirs, valid & not_w, same_w),
  );
}
