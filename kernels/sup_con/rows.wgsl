// For every row i of the unit vectors v, over the columns k of one split: the largest s_ik and Σ exp(s_ik - largest), k ≠ i,
// and the sum and number of the s_ik of the same label, where s_ik = v_i · v_k / temperature. The n × n similarities are
// never stored.
// Layout: v is (n, d4) vec4s; partials is (splits · COLUMN_LANES, n) of vec4(largest, sum of exponentials, sum of
// positives, number of positives), merged by sup_con/combine.
// Scheme: a workgroup takes TILE_ROWS rows and one split of the columns, and streams TILE_COLUMNS columns at a time; an
// invocation holds 4 × 4 similarities in registers and an online log-sum-exp of its own columns.
// Traffic: an invocation loads 8 vec4s for 64 multiply-adds, and the caches serve neighbours: n² d multiply-adds in all.
// Source: Khosla et al., "Supervised Contrastive Learning", arXiv 2004.11362, Eq. 2; the online sum is that of Milakov and
// Gimelshein, arXiv 1805.02867.

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
@group(0) @binding(3) var<storage, read_write> partials: array<vec4f>;

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

// Adds four similarities of one row to its running vec4(largest, sum of exponentials, sum of positives, number of positives).
fn folded(running: vec4f, s: vec4f, others: vec4<bool>, positives: vec4<bool>) -> vec4f {
  let open = select(vec4f(LOWEST), s, others);
  let largest = max(running.x, max(max(open.x, open.y), max(open.z, open.w)));
  let exponentials = exp(open - largest) * select(vec4f(), vec4f(1.0), others);
  let chosen = select(vec4f(), vec4f(1.0), positives);
  return vec4f(
    largest,
    running.y * exp(running.x - largest) + dot(exponentials, vec4f(1.0)),
    running.z + dot(s, chosen),
    running.w + dot(chosen, vec4f(1.0)),
  );
}

@compute @workgroup_size(COLUMN_LANES, ROW_LANES)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_id) lid: vec3u) {
  let rows = vec4u(wid.x * TILE_ROWS + 4u * lid.y) + vec4u(0u, 1u, 2u, 3u);
  let own = labels_of(rows);
  let first = wid.y * params.columns_per_split;
  let end = min(first + params.columns_per_split, params.n);
  let self_positive = vec4<bool>(params.self_positive == 1u);
  var row_x = vec4f(LOWEST, 0.0, 0.0, 0.0);
  var row_y = row_x;
  var row_z = row_x;
  var row_w = row_x;
  for (var column = first + 4u * lid.x; column < end; column += TILE_COLUMNS) {
    let columns = vec4u(column) + vec4u(0u, 1u, 2u, 3u);
    let s = similarities(rows, columns);
    let theirs = labels_of(columns);
    let valid = columns < vec4u(end);
    let not_x = columns != vec4u(rows.x);
    let not_y = columns != vec4u(rows.y);
    let not_z = columns != vec4u(rows.z);
    let not_w = columns != vec4u(rows.w);
    row_x = folded(row_x, s[0], valid & not_x, valid & (theirs == vec4i(own.x)) & (not_x | self_positive));
    row_y = folded(row_y, s[1], valid & not_y, valid & (theirs == vec4i(own.y)) & (not_y | self_positive));
    row_z = folded(row_z, s[2], valid & not_z, valid & (theirs == vec4i(own.z)) & (not_z | self_positive));
    row_w = folded(row_w, s[3], valid & not_w, valid & (theirs == vec4i(own.w)) & (not_w | self_positive));
  }
  let place = (wid.y * COLUMN_LANES + lid.x) * params.n;
  if (rows.x < params.n) {
    partials[place + rows.x] = row_x;
  }
  if (rows.y < params.n) {
    partials[place + rows.y] = row_y;
  }
  if (rows.z < params.n) {
    partials[place + rows.z] = row_z;
  }
  if (rows.w < params.n) {
    partials[place + rows.w] = row_w;
  }
}
