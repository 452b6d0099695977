// g_i = Σ_k w_ik v_k over the columns k of one split, with
// w_ik = a_i exp(s_ik - lse_i) + a_k exp(s_ik - lse_k) (k ≠ i) - (β_i + β_k) (k a positive of i):
// the gradient of the supervised contrastive loss at the unit vectors, times the temperature. Because s is symmetric, a row's
// gradient needs no other row's pass: s_ik is computed anew and only lse, a and β are read.
// Layout: v is (n, d4) vec4s; rows is vec4(lse, a, β, 0) a row; g is (splits, n, d4) vec4s, summed by
// sup_con/normalize_backward.
// Scheme: an invocation takes four rows and one split, and streams eight columns at a time: it computes their weights in
// registers, then adds weights · v to its rows of g, which stay in the nearest cache. No workgroup memory, no barrier, for
// drivers that run on a processor.
// Traffic: 2 n² d multiply-adds; 12 vec4 loads for 128 of them in the half that computes weights, and 4 stores more in the other.
// Source: methods as in sup_con/rows; the gradient is derived in Khosla et al., arXiv 2004.11362, supplement.

const ROW_LANES: u32 = 4u; // @tune
const TILE_ROWS: u32 = 4u * ROW_LANES;

struct Params {
  n: u32,
  d4: u32,
  // A multiple of 8.
  columns_per_split: u32,
  // 1 where a row is a positive of itself.
  self_positive: u32,
  inverse_temperature: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> v: array<vec4f>;
@group(0) @binding(2) var<storage, read> labels: array<i32>;
@group(0) @binding(3) var<storage, read> rows: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> g: array<vec4f>;

// @include lib/sup_con_weights.wgsl
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
// @end

@compute @workgroup_size(ROW_LANES)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_id) lid: vec3u) {
  let four = vec4u(wid.x * TILE_ROWS + 4u * lid.x) + vec4u(0u, 1u, 2u, 3u);
  let own = labels_of(four);
  let first = wid.y * params.columns_per_split;
  let end = min(first + params.columns_per_split, params.n);
  let place = (vec4u(wid.y * params.n) + four) * params.d4;
  for (var column = first; column < end; column += 8u) {
    let columns = vec4u(column) + vec4u(0u, 1u, 2u, 3u);
    let w = tile_weights(four, own, columns, end);
    let w_right = tile_weights(four, own, columns + 4u, end);
    let left = clamped(columns) * params.d4;
    let right = clamped(columns + 4u) * params.d4;
    for (var quad = 0u; quad < params.d4; quad++) {
      // Not left to the declaration: SwiftShader (through Dawn) keeps the value of the last iteration.
      var sum = mat4x4f();
      if (column > first) {
        sum = mat4x4f(g[place.x + quad], g[place.y + quad], g[place.z + quad], g[place.w + quad]);
      }
      let v_left = mat4x4f(v[left.x + quad], v[left.y + quad], v[left.z + quad], v[left.w + quad]);
      let v_right = mat4x4f(v[right.x + quad], v[right.y + quad], v[right.z + quad], v[right.w + quad]);
      sum += v_left * w + v_right * w_right;
      if (four.x < params.n) {
        g[place.x + quad] = sum[0];
      }
      if (four.y < params.n) {
        g[place.y + quad] = sum[1];
      }
      if (four.z < params.n) {
        g[place.z + quad] = sum[2];
      }
      if (four.w < params.n) {
        g[place.w + quad] = sum[3];
      }
    }
  }
}
