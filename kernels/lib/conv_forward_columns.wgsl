// B and C of the forward pass as vec4s: the output channels of a group are a multiple of 4.
@group(0) @binding(2) var<storage, read> w: array<vec4f>;
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;

// @include lib/gemm_mask.wgsl
// GEMM operands are read in blocks of 4 × 4; this zeroes the vec4s of a block that lie outside its operand.
fn masked(block: mat4x4f, valid: vec4<bool>) -> mat4x4f {
  let zero = vec4f();
  return mat4x4f(
    select(zero, block[0], valid.x),
    select(zero, block[1], valid.y),
    select(zero, block[2], valid.z),
    select(zero, block[3], valid.w),
  );
}
// @end

struct Weights {
  column: u32,
  at: vec4u,
}

fn b_open(column: u32, z: u32) -> Weights {
  return Weights(z * group_outputs() + min(column, group_outputs() - 4u), vec4u());
}

fn b_seek(weights: ptr<function, Weights>, segment: u32, k: u32, z: u32) {
  let row = segment * gemm_depth(z) + k + vec4u(0u, 1u, 2u, 3u);
  (*weights).at = (row * params.out_channels + (*weights).column) / 4u;
}

fn b_step(weights: ptr<function, Weights>) {
  (*weights).at += (K_STEP * params.out_channels) >> 2u;
}

fn c_store(row: u32, column: u32, z: u32, block: mat4x4f) {
  if (column >= group_outputs()) {
    return;
  }
  let channel = z * group_outputs() + column;
  var shift = vec4f();
  if (BIAS == 1u) {
    shift = bias[channel / 4u];
  }
  for (var r = 0u; r < 4u; r++) {
    if (row + r < gemm_rows()) {
      var sum = block[r] + shift;
      if (RELU == 1u) {
        sum = max(sum, vec4f());
      }
      y[((row + r) * params.out_channels + channel) / 4u] = sum;
    }
  }
}
