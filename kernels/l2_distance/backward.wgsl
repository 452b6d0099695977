// The gradient of ½ Σ (w - r)²: g = dy (w - r), with ADD added to what the gradients hold already; r is 0 where ANCHORED is 0.
// Layout: equally laid out chunks, in vec4s. Scheme: optimizer/spans.wgsl. Traffic: 3 or 4 × 4 bytes an element; bound by bandwidth.
//
// @kernel backward

const ANCHORED: u32 = 1u; // @tune
const ADD: u32 = 0u; // @tune

struct Params {
  spans: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> values: array<vec4f>;
@group(0) @binding(3) var<storage, read> reference: array<vec4f>;
@group(0) @binding(4) var<storage, read> dy: array<f32>;
@group(0) @binding(5) var<storage, read_write> gradients: array<vec4f>;

fn numbers(parameter: u32) -> vec4f {
  return vec4f(dy[0], 0.0, 0.0, 0.0);
}

fn update(i: u32, own: vec4f) {
  let d = own.x * (values[i] - select(vec4f(), reference[i], ANCHORED == 1u));
  gradients[i] = d + select(vec4f(), gradients[i], ADD == 1u);
}

// @include optimizer/spans.wgsl
