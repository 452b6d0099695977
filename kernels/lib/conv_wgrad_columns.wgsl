// B and C of the weight gradient as vec4s: the output channels of a group are a multiple of 4.
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dw: array<vec4f>;

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

struct Outputs {
  channel: u32,
  at: vec4u,
}

fn b_open(column: u32, z: u32) -> Outputs {
  return Outputs(z % params.groups * group_outputs() + min(column, group_outputs() - 4u), vec4u());
}

fn b_seek(outputs: ptr<function, Outputs>, segment: u32, k: u32, z: u32) {
  let pixel = split_start(z) + k + vec4u(0u, 1u, 2u, 3u);
  (*outputs).at = (pixel * params.out_channels + (*outputs).channel) / 4u;
}

fn b_step(outputs: ptr<function, Outputs>) {
  (*outputs).at += (K_STEP * params.out_channels) >> 2u;
}

fn b_block(outputs: Outputs, k: u32, depth: u32) -> mat4x4f {
  let read = mat4x4f(dy[outputs.at.x], dy[outputs.at.y], dy[outputs.at.z], dy[outputs.at.w]);
  if (MASK_K == 1u) {
    return masked(read, k + vec4u(0u, 1u, 2u, 3u) < vec4u(depth));
  }
  return read;
}

fn c_store(row: u32, column: u32, z: u32, block: mat4x4f) {
  if (column >= group_outputs()) {
    return;
  }
  let group = z % params.groups;
  let start = z / params.groups * params.partial_size + group * group_outputs() + column;
  for (var r = 0u; r < 4u; r++) {
    if (row + r < gemm_rows()) {
      dw[(start + (row + r) * params.out_channels) / 4u] = block[r];
    }
  }
}
