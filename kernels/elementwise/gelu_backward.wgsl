// dx = dy (Φ(x) + x φ(x)), Φ and φ the normal distribution function and density (GELU in its erf form), elementwise, over
// vec4s (tensors are padded to whole vec4s). Scheme: an invocation maps SPAN consecutive vec4s. Traffic: 3 × 4 bytes an element.

const WORKGROUP: u32 = 64u; // @tune
const SPAN: u32 = 1u; // @tune

struct Params {
  vec4s: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read> x: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>;

// @include lib/grid.wgsl
// Folded grids: a dispatch that needs more workgroups than one dimension may hold (65,535) spreads them over x and y.

// The workgroup's number in x-major order. The last row may run past the count that is needed, so kernels check their
// bounds.
fn workgroup_index(wid: vec3u, nwg: vec3u) -> u32 {
  return wid.x + wid.y * nwg.x;
}
// @end

// @include lib/normal.wgsl
// The normal distribution function Φ(x) = erfc(-x/√2) / 2, with the Chebyshev fit to erfc of Numerical Recipes (3rd ed., 6.2.2,
// `erfcc`), whose relative error is below 1.2e-7 everywhere, so that the lower tail keeps its digits.
fn normal_distribution(x: vec4f) -> vec4f {
  let z = abs(x) * 0.7071067812;
  let t = 1.0 / (1.0 + 0.5 * z);
  var p = vec4f(0.17087277);
  p = p * t - 0.82215223;
  p = p * t + 1.48851587;
  p = p * t - 1.13520398;
  p = p * t + 0.27886807;
  p = p * t - 0.18628806;
  p = p * t + 0.09678418;
  p = p * t + 0.37409196;
  p = p * t + 1.00002368;
  p = p * t - 1.26551223;
  let tail = 0.5 * t * exp(p - z * z);
  return select(tail, 1.0 - tail, x > vec4f(0.0));
}
// @end

const INVERSE_ROOT_TWO_PI: f32 = 0.3989422804;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let first = (workgroup_index(wid, nwg) * WORKGROUP + lane) * SPAN;
  let end = min(first + SPAN, params.vec4s);
  for (var i = first; i < end; i++) {
    let value = x[i];
    let density = INVERSE_ROOT_TWO_PI * exp(-0.5 * value * value);
    dx[i] = dy[i] * (normal_distribution(value) + value * density);
  }
}
