// p = 2 dy Σ_i w_i w_iᵀ: the gradient of Σ of the k smallest eigenvalues by the matrix, twice, since a Gram matrix has its factor
// twice. w_i are unit eigenvectors.
// Layout: vectors [k, n], p [n, n]. Scheme: an invocation an element. Traffic: p once.
//
// @kernel projection

const WORKGROUP: u32 = 64u; // @tune

struct Params {
  n: u32,
  k: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> vectors: array<f32>;
@group(0) @binding(3) var<storage, read_write> p: array<f32>;

// @include lib/grid.wgsl

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = workgroup_index(wid, nwg) * WORKGROUP + lane;
  if (at >= params.n * params.n) {
    return;
  }
  var sum = 0.0;
  for (var i = 0u; i < params.k; i++) {
    sum += vectors[i * params.n + at / params.n] * vectors[i * params.n + at % params.n];
  }
  p[at] = 2.0 * dy[0] * sum;
}
