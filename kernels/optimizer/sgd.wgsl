// SGD with momentum on a whole chunk of parameters: d = g + decay · w; m = momentum · m + d;
// w -= rate · m, or with Nesterov's momentum w -= rate · (d + momentum · m).
// Layout: values, gradients and momenta are equally laid out chunks, in vec4s. rows has a number for each block of 64 floats:
// 0 leaves the block as it is to the bit, r takes its rate and decay from settings[r - 1].
// Scheme: an invocation updates SPAN consecutive vec4s of one block. Traffic: 5 × 4 bytes an element; bound by bandwidth.
// Source: torch.optim.SGD with dampening 0, whose first step (m = d) is this one with m = 0.

const WORKGROUP: u32 = 64u; // @tune
const SPAN: u32 = 1u; // @tune
// 1 sets the gradients that were used to 0, which starts the next sum of micro-batches.
const CLEAR: u32 = 0u; // @tune
const VEC4S_PER_BLOCK: u32 = 16u;

struct Params {
  vec4s: u32,
  nesterov: u32,
  momentum: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> rows: array<u32>;
// x: learning rate; y: weight decay.
@group(0) @binding(2) var<storage, read> settings: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> gradients: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> values: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> momentum_buffer: array<vec4f>;

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
  let first = (workgroup_index(wid, nwg) * WORKGROUP + lane) * SPAN;
  if (first >= params.vec4s) {
    return;
  }
  let row = rows[first / VEC4S_PER_BLOCK];
  if (row == 0u) {
    return;
  }
  let own = settings[row - 1u];
  for (var i = first; i < first + SPAN; i++) {
    let w = values[i];
    let d = gradients[i] + own.y * w;
    let m = params.momentum * momentum_buffer[i] + d;
    momentum_buffer[i] = m;
    values[i] = w - own.x * select(m, d + params.momentum * m, params.nesterov == 1u);
    if (CLEAR == 1u) {
      gradients[i] = vec4f();
    }
  }
}
