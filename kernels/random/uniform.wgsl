// Numbers uniform in [0, 1): four from each call of the counter-based generator, at (seed, step, place / 4, stream).
// Scheme: lib/elementwise.wgsl. Traffic: 4 bytes a number.
//
// @kernel uniform

struct Params {
  vec4s: u32,
  span: u32,
  // Tells the uses of one seed and step apart.
  stream: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
// Seed and step.
@group(0) @binding(1) var<storage, read> counter: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

// @include augment/random.wgsl
// @include lib/elementwise.wgsl

fn map(i: u32) {
  let bits = random4(vec4u(counter[0], counter[1], i, params.stream));
  y[i] = vec4f(uniform01(bits.x), uniform01(bits.y), uniform01(bits.z), uniform01(bits.w));
}
