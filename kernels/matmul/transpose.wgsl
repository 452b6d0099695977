// y[i, c, r] = x[i, r, c] for a stack of matrices.
// Layout: row-major, without gaps; rows and columns are multiples of 4.
// Scheme: an invocation turns a block of 4 × 4 in registers. Traffic: x read once, y written once.

const WORKGROUP: u32 = 64u; // @tune

struct Params {
  matrices: u32,
  rows: u32,
  columns: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

// @include lib/grid.wgsl
// Folded grids: a dispatch that needs more workgroups than one dimension may hold (65,535) spreads them over x and y.

// The workgroup's number in x-major order. The last row may run past the count that is needed, so kernels check their
// bounds.
fn workgroup_index(wid: vec3u, nwg: vec3u) -> u32 {
  return wid.x + wid.y * nwg.x;
}
// @end

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let down = params.rows / 4u;
  let across = params.columns / 4u;
  let block = workgroup_index(wid, nwg) * WORKGROUP + lane;
  let matrix = block / (down * across);
  if (matrix >= params.matrices) {
    return;
  }
  let row = block / across % down;
  let column = block % across;
  let source = (matrix * params.rows + 4u * row) * across + column;
  let result = (matrix * params.columns + 4u * column) * down + row;
  let turned = transpose(mat4x4f(x[source], x[source + across], x[source + 2u * across], x[source + 3u * across]));
  for (var i = 0u; i < 4u; i++) {
    y[result + i * down] = turned[i];
  }
}
