// dz_i = (g_i - (g_i · v_i) v_i) / ‖z_i‖, with g_i = dy / temperature · Σ_splits of what sup_con/rows_backward found:
// the gradient through v = z / max(‖z‖, 1e-12). Where the norm was clamped, dz_i = g_i / 1e-12, as in PyTorch.
// Layout: g is (splits, n, d4) and v (n, d4) vec4s; dz is (n, d), any d.
// Scheme: a workgroup a row, two walks over it. Traffic: g twice, v twice, dz once.

const WORKGROUP: u32 = 64u; // @tune

struct Params {
  n: u32,
  d: u32,
  d4: u32,
  splits: u32,
  inverse_temperature: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> g: array<vec4f>;
@group(0) @binding(2) var<storage, read> v: array<vec4f>;
@group(0) @binding(3) var<storage, read> inverse_norms: array<f32>;
@group(0) @binding(4) var<storage, read> dy: array<f32>;
@group(0) @binding(5) var<storage, read_write> dz: array<f32>;

// @include lib/grid.wgsl
// Folded grids: a dispatch that needs more workgroups than one dimension may hold (65,535) spreads them over x and y.

// The workgroup's number in x-major order. The last row may run past the count that is needed, so kernels check their
// bounds.
fn workgroup_index(wid: vec3u, nwg: vec3u) -> u32 {
  return wid.x + wid.y * nwg.x;
}
// @end

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

fn total(at: u32) -> vec4f {
  var sum = g[at];
  for (var split = 1u; split < params.splits; split++) {
    sum += g[split * params.n * params.d4 + at];
  }
  return sum;
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = workgroup_index(wid, nwg);
  if (row >= params.n) {
    return;
  }
  let place = row * params.d4;
  var product = 0.0;
  for (var quad = lane; quad < params.d4; quad += WORKGROUP) {
    product += dot(total(place + quad), v[place + quad]);
  }
  let inverse = inverse_norms[row];
  let radial = workgroup_sum(vec2f(product, 0.0), lane).x * select(0.0, 1.0, inverse < 0.9999e12);
  let scale = dy[0] * params.inverse_temperature * inverse;
  for (var quad = lane; quad < params.d4; quad += WORKGROUP) {
    let four = (total(place + quad) - radial * v[place + quad]) * scale;
    let at = row * params.d + 4u * quad;
    let left = params.d - 4u * quad;
    dz[at] = four.x;
    if (left > 1u) {
      dz[at + 1u] = four.y;
    }
    if (left > 2u) {
      dz[at + 2u] = four.z;
    }
    if (left > 3u) {
      dz[at + 3u] = four.w;
    }
  }
}
