// The rate of multiply-adds, for benchmarks: y[i] = a sum of accumulators after x ← x · m + b, many times over.
// Scheme: two independent vec4 accumulators an invocation, which is as many registers as every driver keeps (SwiftShader
// spills with more), and 32 steps a turn of the loop, so that counting weighs little.
// Traffic: 4 bytes written an invocation; 256 operations a turn.

const WORKGROUP: u32 = 64u; // @tune

struct Params {
  turns: u32,
  m: f32,
  b: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let m = vec4f(params.m);
  let b = vec4f(params.b);
  var a = vec4f(f32(id.x));
  var c = vec4f(f32(id.x) + 1.0);
  for (var turn = 0u; turn < params.turns; turn++) {
    a = fma(a, m, b); c = fma(c, m, b);
    a = fma(a, m, b); c = fma(c, m, b);
    a = fma(a, m, b); c = fma(c, m, b);
    a = fma(a, m, b); c = fma(c, m, b);
    a = fma(a, m, b); c = fma(c, m, b);
    a = fma(a, m, b); c = fma(c, m, b);
    a = fma(a, m, b); c = fma(c, m, b);
    a = fma(a, m, b); c = fma(c, m, b);
    a = fma(a, m, b); c = fma(c, m, b);
    a = fma(a, m, b); c = fma(c, m, b);
    a = fma(a, m, b); c = fma(c, m, b);
    a = fma(a, m, b); c = fma(c, m, b);
    a = fma(a, m, b); c = fma(c, m, b);
    a = fma(a, m, b); c = fma(c, m, b);
    a = fma(a, m, b); c = fma(c, m, b);
    a = fma(a, m, b); c = fma(c, m, b);
  }
  let all = a + c;
  y[id.x] = all.x + all.y + all.z + all.w;
}
