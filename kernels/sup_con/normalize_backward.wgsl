// dz_i = (g_i - (g_i · v_i) v_i) / ‖z_i‖, with g = dy / temperature · W v from the strips of sup_con/weights:
// the gradient through v = z / max(‖z‖, 1e-12). Where the norm was clamped, dz_i = g_i / 1e-12, as in PyTorch.
// Layout: g and v are (n, d4) vec4s; dz is (n, d), any d.
// Scheme: lib/rows.wgsl, two sweeps of a row. Traffic: g twice, v twice, dz once.

struct Params {
  n: u32,
  d: u32,
  d4: u32,
  inverse_temperature: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> g: array<vec4f>;
@group(0) @binding(2) var<storage, read> v: array<vec4f>;
@group(0) @binding(3) var<storage, read> inverse_norms: array<f32>;
@group(0) @binding(4) var<storage, read> dy: array<f32>;
@group(0) @binding(5) var<storage, read_write> dz: array<f32>;

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

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let found = workgroup_index(wid, nwg) * ROWS + lane / LANES;
  let row = min(found, params.n - 1u);
  let place = row * params.d4;
  let part = lane % LANES;
  var product = 0.0;
  for (var quad = part; quad < params.d4; quad += LANES) {
    product += dot(g[place + quad], v[place + quad]);
  }
  let inverse = inverse_norms[row];
  let radial = sum_lanes(product, lane) * select(0.0, 1.0, inverse < 0.9999e12);
  let scale = dy[0] * params.inverse_temperature * inverse;
  // Rows beyond the last one get nothing.
  let end = select(0u, params.d4, found < params.n);
  for (var quad = part; quad < end; quad += LANES) {
    let four = (g[place + quad] - radial * v[place + quad]) * scale;
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
