// SGD with momentum on a whole chunk of parameters: d = g + decay · w; m = momentum · m + d;
// w -= rate · m, or with Nesterov's momentum w -= rate · (d + momentum · m).
// Layout: values, gradients and momenta are equally laid out chunks, in vec4s. settings has a row a trained parameter.
// Scheme: optimizer/spans.wgsl. Traffic: 5 × 4 bytes an element; bound by bandwidth.
// Source: torch.optim.SGD with dampening 0, whose first step (m = d) is this one with m = 0.
//
// @kernel sgd

// 1 sets the gradients that were used to 0, which starts the next sum of micro-batches.
const CLEAR: u32 = 0u; // @tune

struct Params {
  spans: u32,
  nesterov: u32,
  momentum: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
// x: learning rate; y: weight decay.
@group(0) @binding(2) var<storage, read> settings: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> gradients: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> values: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> momentum_buffer: array<vec4f>;

fn numbers(parameter: u32) -> vec4f {
  return settings[parameter];
}

fn update(i: u32, own: vec4f) {
  let w = values[i];
  let d = gradients[i] + own.y * w;
  let m = params.momentum * momentum_buffer[i] + d;
  momentum_buffer[i] = m;
  values[i] = w - own.x * select(m, d + params.momentum * m, params.nesterov == 1u);
  if (CLEAR == 1u) {
    gradients[i] = vec4f();
  }
}

// @include optimizer/spans.wgsl
