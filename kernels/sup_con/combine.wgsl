// loss = Σ_i (a_i lse_i - β_i Σ_positives s_ij): from every row's statistics.
// With m_i positives, a row's anchor weight is a_i = scale (or scale · m_i where by_count is 1), 0 without positives or with a
// negative label, and β_i = a_i / m_i. Where over_valid is 1, scale is divided by the number of rows with positives.
// Layout: statistics is as sup_con/statistics leaves it; rows gets vec4(lse_i, a_i, β_i, 0), which is all that the gradient
// needs.
// Scheme: one workgroup; an invocation takes every WORKGROUP-th row. The scale may depend on all rows, hence the second walk.
// Traffic: 16 bytes a row, small beside the n d bytes of v.
// Source: the general form of Khosla et al., arXiv 2004.11362, and of the losses that follow it.

const WORKGROUP: u32 = 256u; // @tune

struct Params {
  n: u32,
  by_count: u32,
  over_valid: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> statistics: array<vec4f>;
@group(0) @binding(2) var<storage, read> labels: array<i32>;
@group(0) @binding(3) var<storage, read_write> rows: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> loss: array<f32>;

// @include lib/workgroup_sum.wgsl
// Sums over a workgroup of WORKGROUP invocations (a power of two), by a tree, in an order that never changes.

var<workgroup> workgroup_sums: array<vec2f, WORKGROUP>;

// Every invocation of the workgroup must call it, and each gets the sum.
fn workgroup_sum(value: vec2f, lane: u32) -> vec2f {
  workgroup_sums[lane] = value;
  workgroupBarrier();
  for (var stride = WORKGROUP / 2u; stride > 0u; stride /= 2u) {
    if (lane < stride) {
      workgroup_sums[lane] += workgroup_sums[lane + stride];
    }
    workgroupBarrier();
  }
  let sum = workgroup_sums[0];
  workgroupBarrier();
  return sum;
}
// @end

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(local_invocation_index) lane: u32) {
  // The sum of the rows' unscaled losses, and the number of rows with positives.
  var total = vec2f();
  for (var i = lane; i < params.n; i += WORKGROUP) {
    let found = statistics[i];
    // A single row has no others to compare with.
    let lse = select(found.x + log(found.y), 0.0, found.y == 0.0);
    let count = select(0.0, found.w, labels[i] >= 0);
    let valid = select(0.0, 1.0, count > 0.0);
    let anchor = select(valid, count, params.by_count == 1u);
    let pair = anchor / max(count, 1.0);
    rows[i] = vec4f(lse, anchor, pair, 0.0);
    total += vec2f(anchor * lse - pair * found.z, valid);
  }
  let sums = workgroup_sum(total, lane);
  let scale = params.scale / select(1.0, max(sums.y, 1.0), params.over_valid == 1u);
  for (var i = lane; i < params.n; i += WORKGROUP) {
    rows[i] *= vec4f(1.0, scale, scale, 0.0);
  }
  if (lane == 0u) {
    loss[0] = scale * sums.x;
  }
}
