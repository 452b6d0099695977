// Turns a strip of similarities into the weights of the gradient, in place:
// w_ik = a_i exp(s_ik - lse_i) + a_k exp(s_ik - lse_k) (k ≠ i) - (β_i + β_k) (k a positive of i).
// The gradient at the unit vectors, times the temperature, is g = W · v. W is symmetric, so a strip gives both the part of its
// rows and, transposed, that of its columns.
// Layout: rows is vec4(lse, a, β, 0) a row of the batch; padding gets 0.
// Scheme: an invocation walks down four columns of a chunk of the rows. Traffic: the strip once each way.
// Source: derived in Khosla et al., arXiv 2004.11362, supplement.

const WORKGROUP: u32 = 64u; // @tune
const CHUNK_ROWS: u32 = 16u; // @tune

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> rows: array<vec4f>;
@group(0) @binding(2) var<storage, read> labels: array<i32>;
// The same labels.
@group(0) @binding(3) var<storage, read> label_quads: array<vec4i>;
@group(0) @binding(4) var<storage, read_write> s: array<vec4f>;

// @include lib/sup_con_strip.wgsl
// A strip of the supervised contrastive loss's similarities: rows `first` and on of the batch, with all columns from `first`
// on. Columns before that are in earlier strips, transposed, because s_ik = s_ki.
// Layout: the strip is (rows, quads) vec4s of v_i · v_k, before they are divided by the temperature; rows and columns from n
// on are padding.

struct Params {
  n: u32,
  first: u32,
  rows: u32,
  quads: u32,
  // 1 where a row is a positive of itself.
  self_positive: u32,
  // 0 for the first strip, when statistics hold nothing yet.
  merge: u32,
  inverse_temperature: f32,
}

// Columns of the batch that a vec4 of the strip stands for.
fn columns_of(quad: u32) -> vec4u {
  return vec4u(params.first + 4u * quad) + vec4u(0u, 1u, 2u, 3u);
}

// Whom row i compares itself with: everyone else.
fn others_of(i: u32, columns: vec4u) -> vec4<bool> {
  return (columns != vec4u(i)) & (columns < vec4u(params.n)) & vec4<bool>(i < params.n);
}

// Those of the same label, which attract: columns from n on have no label that means anything.
fn positives_of(others: vec4<bool>, i: u32, columns: vec4u, label: i32, labels: vec4i) -> vec4<bool> {
  let itself = (columns == vec4u(i)) & vec4<bool>(params.self_positive == 1u) & vec4<bool>(i < params.n);
  return (others | itself) & (labels == vec4i(label));
}
// @end

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) lane: u32) {
  let quad = wid.x * WORKGROUP + lane;
  if (quad >= params.quads) {
    return;
  }
  let columns = columns_of(quad);
  let theirs = transpose(mat4x4f(rows[columns.x], rows[columns.y], rows[columns.z], rows[columns.w]));
  let their_labels = label_quads[columns.x / 4u];
  let end = min((wid.y + 1u) * CHUNK_ROWS, params.rows);
  for (var row = wid.y * CHUNK_ROWS; row < end; row++) {
    let i = params.first + row;
    let own = rows[i];
    let others = others_of(i, columns);
    let positives = positives_of(others, i, columns, labels[min(i, params.n - 1u)], their_labels);
    let at = row * params.quads + quad;
    let four = s[at] * params.inverse_temperature;
    // Both exponents are at most 0 up to rounding, except at the row itself, which is masked.
    let softmax = own.y * exp(min(four - own.x, vec4f(1.0))) + theirs[1] * exp(min(four - theirs[0], vec4f(1.0)));
    s[at] = select(vec4f(), softmax, others) - select(vec4f(), own.z + theirs[2], positives);
  }
}
