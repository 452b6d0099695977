// y[0] = fa · a[0] + fb · b[0] + fc · c[0] + fd · d[0], of the first `terms` terms, in this order.
// Scheme: one invocation. Traffic: 20 bytes; latency only.

struct Params {
  terms: u32,
  fa: f32,
  fb: f32,
  fc: f32,
  fd: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read> c: array<f32>;
@group(0) @binding(4) var<storage, read> d: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(1)
fn main() {
  var sum = params.fa * a[0];
  sum += select(0.0, params.fb * b[0], params.terms > 1u);
  sum += select(0.0, params.fc * c[0], params.terms > 2u);
  sum += select(0.0, params.fd * d[0], params.terms > 3u);
  y[0] = sum;
}
