// g_i = Σ_k w_ik v_k over the columns k of one split, with
// w_ik = a_i exp(s_ik - lse_i) + a_k exp(s_ik - lse_k) (k ≠ i) - (β_i + β_k) (k a positive of i):
// the gradient of the supervised contrastive loss at the unit vectors, times the temperature. Because s is symmetric, a row's
// gradient needs no other row's pass: s_ik is computed anew and only lse, a and β are read.
// Layout: v is (n, d4) vec4s; rows is vec4(lse, a, β, 0) a row; g is (splits, n, d4) vec4s, summed by
// sup_con/normalize_backward.
// Scheme: a workgroup takes TILE_ROWS rows and one split, and streams TILE_COLUMNS columns at a time. It computes their
// weights, 4 × 4 an invocation, leaves them in workgroup memory, then each invocation adds weights · v to its own part of g,
// which stays in the nearest cache.
// Traffic: 2 n² d multiply-adds; 8 vec4 loads for 64 of them in either half.
// Source: methods as in sup_con/rows; the gradient is derived in Khosla et al., arXiv 2004.11362, supplement.

const ROW_LANES: u32 = 8u; // @tune
const COLUMN_LANES: u32 = 8u; // @tune
const TILE_ROWS: u32 = 4u * ROW_LANES;
const TILE_COLUMNS: u32 = 4u * COLUMN_LANES;

struct Params {
  n: u32,
  d4: u32,
  // A multiple of TILE_COLUMNS.
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

// A row of the tile after the other, a vec4 for the four columns of a lane.
var<workgroup> weights: array<vec4f, TILE_ROWS * COLUMN_LANES>;

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

@compute @workgroup_size(COLUMN_LANES, ROW_LANES)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_id) lid: vec3u) {
  let four = vec4u(wid.x * TILE_ROWS + 4u * lid.y) + vec4u(0u, 1u, 2u, 3u);
  let own = labels_of(four);
  let first = wid.y * params.columns_per_split;
  let end = min(first + params.columns_per_split, params.n);
  let strip = 4u * lid.y * COLUMN_LANES;
  let place = (vec4u(wid.y * params.n) + four) * params.d4;
  for (var tile = first; tile < end; tile += TILE_COLUMNS) {
    let w = tile_weights(four, own, vec4u(tile + 4u * lid.x) + vec4u(0u, 1u, 2u, 3u), end);
    let here = strip + lid.x;
    weights[here] = w[0];
    weights[here + COLUMN_LANES] = w[1];
    weights[here + 2u * COLUMN_LANES] = w[2];
    weights[here + 3u * COLUMN_LANES] = w[3];
    workgroupBarrier();

    for (var quad = lid.x; quad < params.d4; quad += COLUMN_LANES) {
      // Not left to the declaration: SwiftShader (through Dawn) keeps the value of the last iteration.
      var sum = mat4x4f();
      if (tile > first) {
        sum = mat4x4f(g[place.x + quad], g[place.y + quad], g[place.z + quad], g[place.w + quad]);
      }
      for (var c = 0u; c < COLUMN_LANES; c++) {
        let source = clamped(vec4u(tile + 4u * c) + vec4u(0u, 1u, 2u, 3u)) * params.d4 + vec4u(quad);
        let at = strip + c;
        sum += mat4x4f(v[source.x], v[source.y], v[source.z], v[source.w])
          * mat4x4f(weights[at], weights[at + COLUMN_LANES], weights[at + 2u * COLUMN_LANES], weights[at + 3u * COLUMN_LANES]);
      }
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
    workgroupBarrier();
  }
}
