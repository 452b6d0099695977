// Turns a strip of similarities into the weights of the gradient, in place:
// w_ik = a_i exp(s_ik - lse_i) + a_k exp(s_ik - lse_k) (k ≠ i) - (β_i + β_k) (k a positive of i).
// The gradient at the unit vectors, times the temperature, is g = W · v. W is symmetric, so a strip gives both the part of its
// rows and, transposed, that of its columns.
// Layout: rows is vec4(lse, a, β, 0) a row of the batch; padding gets 0.
// Scheme: an invocation walks down four columns of a chunk of the rows. Traffic: the strip once each way.
// Source: derived in Khosla et al., arXiv 2004.11362, supplement.
//
// @kernel weights

const WORKGROUP: u32 = 64u; // @tune
const CHUNK_ROWS: u32 = 16u; // @tune

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> rows: array<vec4f>;
@group(0) @binding(2) var<storage, read> labels: array<i32>;
// The same labels.
@group(0) @binding(3) var<storage, read> label_quads: array<vec4i>;
@group(0) @binding(4) var<storage, read_write> s: array<vec4f>;

// @include lib/grid.wgsl
// @include sup_con/strip.wgsl

alias Value = vec4f;

// @include lib/nan.wgsl

// exp of what is at most 0 up to rounding, except at the row itself, which is masked and must not overflow.
fn share(exponent: vec4f) -> vec4f {
  return exponential(select(exponent, vec4f(1.0), exponent > vec4f(1.0)));
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let across = (params.quads + WORKGROUP - 1u) / WORKGROUP;
  let index = workgroup_index(wid, nwg);
  let quad = index % across * WORKGROUP + lane;
  if (quad >= params.quads) {
    return;
  }
  let columns = columns_of(quad);
  let theirs = transpose(mat4x4f(rows[columns.x], rows[columns.y], rows[columns.z], rows[columns.w]));
  let their_labels = label_quads[columns.x / 4u];
  let first = index / across * CHUNK_ROWS;
  let end = min(first + CHUNK_ROWS, params.rows);
  for (var row = first; row < end; row++) {
    let i = params.first + row;
    let own = rows[i];
    let others = others_of(i, columns);
    let positives = positives_of(others, i, columns, labels[min(i, params.n - 1u)], their_labels);
    let at = row * params.quads + quad;
    let four = s[at] * params.inverse_temperature;
    let softmax = own.y * share(four - own.x) + theirs[1] * share(four - theirs[0]);
    s[at] = select(vec4f(), softmax, others) - select(vec4f(), own.z + theirs[2], positives);
  }
}
