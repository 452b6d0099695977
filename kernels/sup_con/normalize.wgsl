// v_i = z_i / max(‖z_i‖, 1e-12), and 1 / max(‖z_i‖, 1e-12) beside it: the first step of the supervised contrastive loss.
// Layout: z is (n, d), any d; v is (n, d4) vec4s, the rest of the last vec4 of a row zero, so that later kernels read vec4s.
// Scheme: a workgroup a row, two walks over it. Traffic: z twice, v once.
// Source: torch.nn.functional.normalize, whose clamp of the norm this keeps.

const WORKGROUP: u32 = 64u; // @tune

struct Params {
  n: u32,
  d: u32,
  d4: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> z: array<f32>;
@group(0) @binding(2) var<storage, read_write> v: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> inverse_norms: array<f32>;

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

// Four elements of a row, zeros beyond its end.
fn four_of(row: u32, quad: u32) -> vec4f {
  let within = vec4u(4u * quad) + vec4u(0u, 1u, 2u, 3u);
  let at = vec4u(row * params.d) + min(within, vec4u(params.d - 1u));
  return select(vec4f(), vec4f(z[at.x], z[at.y], z[at.z], z[at.w]), within < vec4u(params.d));
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
  var square = 0.0;
  for (var quad = lane; quad < params.d4; quad += WORKGROUP) {
    let four = four_of(row, quad);
    square += dot(four, four);
  }
  let inverse = 1.0 / max(sqrt(workgroup_sum(vec2f(square, 0.0), lane).x), 1e-12);
  for (var quad = lane; quad < params.d4; quad += WORKGROUP) {
    v[row * params.d4 + quad] = four_of(row, quad) * inverse;
  }
  if (lane == 0u) {
    inverse_norms[row] = inverse;
  }
}
