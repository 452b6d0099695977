// v_i = z_i / max(‖z_i‖, 1e-12), and 1 / max(‖z_i‖, 1e-12) beside it: the first step of the supervised contrastive loss.
// Layout: z is (n, d), any d; v is (padded_rows, d4) vec4s, zeros beyond z, so that matrix products read it in blocks of 4 × 4.
// Scheme: lib/rows.wgsl, two sweeps of a row. Traffic: z twice, v once.
// Source: torch.nn.functional.normalize, whose clamp of the norm this keeps.

struct Params {
  n: u32,
  padded_rows: u32,
  d: u32,
  d4: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> z: array<f32>;
@group(0) @binding(2) var<storage, read_write> v: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> inverse_norms: array<f32>;

// @include lib/rows.wgsl
// Work along the rows of a row-major [rows, columns] tensor: LANES neighbouring invocations take a row together, element by
// element in turn; a workgroup takes WORKGROUP / LANES rows. Software drivers set LANES to 1: then there is no barrier. No
// invocation returns early, so that control flow stays uniform; those beyond the last row repeat it and write nothing.
const WORKGROUP: u32 = 64u; // @tune
const LANES: u32 = 32u; // @tune
const ROWS: u32 = WORKGROUP / LANES;

// @include lib/grid.wgsl
// Folded grids: a dispatch that needs more workgroups than one dimension may hold (65,535) spreads them over x and y.

// The workgroup's number in x-major order. The last row may run past the count that is needed, so kernels check their
// bounds.
fn workgroup_index(wid: vec3u, nwg: vec3u) -> u32 {
  return wid.x + wid.y * nwg.x;
}
// @end

var<workgroup> lane_values: array<f32, WORKGROUP>;

// The sum over the lanes of a row, always in the order of the lanes; every lane gets it.
fn sum_lanes(value: f32, lane: u32) -> f32 {
  if (LANES == 1u) {
    return value;
  }
  lane_values[lane] = value;
  workgroupBarrier();
  let first = lane / LANES * LANES;
  var total = 0.0;
  for (var i = first; i < first + LANES; i++) {
    total += lane_values[i];
  }
  workgroupBarrier();
  return total;
}

// The largest value of a row's lanes; every lane gets it.
fn max_lanes(value: f32, lane: u32) -> f32 {
  if (LANES == 1u) {
    return value;
  }
  lane_values[lane] = value;
  workgroupBarrier();
  let first = lane / LANES * LANES;
  var largest = value;
  for (var i = first; i < first + LANES; i++) {
    largest = max(largest, lane_values[i]);
  }
  workgroupBarrier();
  return largest;
}
// @end

// Four elements of a row, zeros beyond its end.
fn four_of(row: u32, quad: u32) -> vec4f {
  let within = vec4u(4u * quad) + vec4u(0u, 1u, 2u, 3u);
  let at = vec4u(min(row, params.n - 1u) * params.d) + min(within, vec4u(params.d - 1u));
  let valid = (within < vec4u(params.d)) & vec4<bool>(row < params.n);
  return select(vec4f(), vec4f(z[at.x], z[at.y], z[at.z], z[at.w]), valid);
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = workgroup_index(wid, nwg) * ROWS + lane / LANES;
  let part = lane % LANES;
  var square = 0.0;
  for (var quad = part; quad < params.d4; quad += LANES) {
    let four = four_of(row, quad);
    square += dot(four, four);
  }
  let inverse = 1.0 / max(sqrt(sum_lanes(square, lane)), 1e-12);
  // Rows beyond the last one get nothing.
  let end = select(0u, params.d4, row < params.padded_rows);
  for (var quad = part; quad < end; quad += LANES) {
    v[row * params.d4 + quad] = four_of(row, quad) * inverse;
  }
  if ((part == 0u) & (row < params.n)) {
    inverse_norms[row] = inverse;
  }
}
