// y[n,i,j,o] = Σ_{p,q,c} x[n, i·stride + p·dilation - pad, j·stride + q·dilation - pad, c] · w[p,q,c,o] + bias[o].
// Layout: NHWC and HWIO, channels of a group multiples of 4.
// Implicit GEMM: rows are output pixels, columns output channels, k taps and channels; a slice is a group (lib/conv_forward_operands.wgsl).
// Scheme: an invocation keeps a 4×4 to 8×8 tile in registers (lib/gemm_register.wgsl).
// Traffic: x is read taps · columns/TILE_COLUMNS times, w rows/TILE_ROWS times, mostly from caches; y is written once.

// @include lib/grid.wgsl
// Folded grids: a dispatch that needs more workgroups than one dimension may hold (65,535) spreads them over x and y.

// The workgroup's number in x-major order. The last row may run past the count that is needed, so kernels check their
// bounds.
fn workgroup_index(wid: vec3u, nwg: vec3u) -> u32 {
  return wid.x + wid.y * nwg.x;
}
// @end

// @include lib/conv_forward_operands.wgsl
// GEMM operands of the forward pass read as vec4s: input and output channels of a group are multiples of 4.

// @include lib/conv_forward_problem.wgsl
// The convolution's forward pass as a GEMM: C = y, one row an output pixel, one column an output channel of a group.
// A is x seen through the filter, B is w as it lies. A segment of k is what lies side by side in both: a row of the filter,
// or one tap where dilation or groups leave gaps between taps. The slice z of the grid is a group.
const BIAS: u32 = 0u; // @tune
const RELU: u32 = 0u; // @tune
const A_K_MAJOR: u32 = 0u;
const B_K_MAJOR: u32 = 1u;

// @include lib/conv_problem.wgsl
// The sizes of a two-dimensional convolution, shared by all of its kernels.
// Activations are NHWC, weights HWIO (kernel_height, kernel_width, in_channels / groups, out_channels).
struct Params {
  batch: u32,
  in_height: u32,
  in_width: u32,
  in_channels: u32,
  out_height: u32,
  out_width: u32,
  out_channels: u32,
  kernel_height: u32,
  kernel_width: u32,
  stride_height: u32,
  stride_width: u32,
  pad_height: u32,
  pad_width: u32,
  dilation_height: u32,
  dilation_width: u32,
  groups: u32,
  // The weight gradient's sum over output pixels is split: pixels of a split (a multiple of 16) and floats of a partial.
  split_pixels: u32,
  partial_size: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
// @end

// Four output pixels by the corners of their windows (negative ones wrap around and end up outside the image), and what
// the current segment reads: the row of x that starts at `start`, from the float `across` on, zeros from `end` on.
struct Pixels {
  image: vec4u,
  top: vec4u,
  left: vec4u,
  start: vec4u,
  across: vec4u,
  end: vec4u,
}

fn group_inputs() -> u32 {
  return params.in_channels / params.groups;
}

fn group_outputs() -> u32 {
  return params.out_channels / params.groups;
}

// Taps of a segment.
fn run() -> u32 {
  return select(1u, params.kernel_width, (params.dilation_width == 1u) & (params.groups == 1u));
}

fn gemm_rows() -> u32 {
  return params.batch * params.out_height * params.out_width;
}

fn gemm_columns() -> u32 {
  return group_outputs();
}

fn gemm_segments() -> u32 {
  return params.kernel_height * params.kernel_width / run();
}

fn gemm_meets(segment: u32, z: u32) -> bool {
  return true;
}

fn gemm_depth(z: u32) -> u32 {
  return run() * group_inputs();
}

fn a_open(row: u32, z: u32) -> Pixels {
  let pixel = min(row + vec4u(0u, 1u, 2u, 3u), vec4u(gemm_rows() - 1u));
  let line = pixel / params.out_width;
  let image = line / params.out_height;
  let top = (line - image * params.out_height) * params.stride_height - params.pad_height;
  let left = (pixel - line * params.out_width) * params.stride_width - params.pad_width;
  return Pixels(image, top, left, vec4u(), vec4u(), vec4u());
}

fn a_seek(pixels: ptr<function, Pixels>, segment: u32, k: u32, z: u32) {
  let tap = segment * run();
  let down = tap / params.kernel_width;
  let right = tap - down * params.kernel_width;
  let row = (*pixels).top + down * params.dilation_height;
  let first = ((*pixels).left + right * params.dilation_width) * params.in_channels + z * group_inputs();
  let line = params.in_width * params.in_channels;
  // The segment ends before the image's row does, or with it.
  let end = vec4u(clamp(vec4i(first + gemm_depth(z)), vec4i(), vec4i(i32(line))));
  (*pixels).start = ((*pixels).image * params.in_height + row) * line;
  (*pixels).across = first + k;
  (*pixels).end = select(vec4u(), end, row < vec4u(params.in_height));
}

fn a_step(pixels: ptr<function, Pixels>) {
  (*pixels).across += max(K_STEP, 4u);
}
// @end

@group(0) @binding(1) var<storage, read> x: array<vec4f>;

// @include lib/conv_forward_columns.wgsl
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
// @end

fn a_block(pixels: Pixels, k: u32, depth: u32) -> mat4x4f {
  let inside = pixels.across < pixels.end;
  let at = select(vec4u(), pixels.start + pixels.across, inside) >> vec4u(2u);
  return masked(mat4x4f(x[at.x], x[at.y], x[at.z], x[at.w]), inside);
}

fn b_block(weights: Weights, k: u32, depth: u32) -> mat4x4f {
  let read = mat4x4f(w[weights.at.x], w[weights.at.y], w[weights.at.z], w[weights.at.w]);
  if (K_STEP > 4u) {
    return masked(read, vec4<bool>(k < depth));
  }
  return read;
}
// @end

// @include lib/gemm_register.wgsl
// GEMM body `register`: C = A · B with tiles held in registers. No workgroup memory, no barrier, no subgroup operation.
//
// An invocation computes 4·ROW_BLOCKS rows by 4·COLUMN_BLOCKS columns of C. It steps four k at a time: it reads 4×4 blocks
// of A and B through the operand functions and multiplies them. WORKGROUP_X × WORKGROUP_Y invocations lie side by side.
const ROW_BLOCKS: u32 = 1u; // @tune
const COLUMN_BLOCKS: u32 = 1u; // @tune
const WORKGROUP_X: u32 = 8u; // @tune
const WORKGROUP_Y: u32 = 8u; // @tune
const K_STEP: u32 = 4u;
const TILE_ROWS: u32 = 4u * ROW_BLOCKS * WORKGROUP_Y;
const TILE_COLUMNS: u32 = 4u * COLUMN_BLOCKS * WORKGROUP_X;

@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_id) lid: vec3u,
) {
  let tiles_across = (gemm_columns() + TILE_COLUMNS - 1u) / TILE_COLUMNS;
  let tile = workgroup_index(wid, nwg);
  let row = tile / tiles_across * TILE_ROWS + lid.y * 4u * ROW_BLOCKS;
  let column = tile % tiles_across * TILE_COLUMNS + lid.x * 4u * COLUMN_BLOCKS;
  if ((row >= gemm_rows()) | (column >= gemm_columns())) {
    return;
  }

  var rows0 = a_open(row, wid.z);
  var rows1 = a_open(row + 4u, wid.z);
  var columns0 = b_open(column, wid.z);
  var columns1 = b_open(column + 4u, wid.z);
  var c00: mat4x4f;
  var c01: mat4x4f;
  var c10: mat4x4f;
  var c11: mat4x4f;
  let depth = gemm_depth(wid.z);
  for (var s = 0u; s < gemm_segments(); s++) {
    if (gemm_meets(s, wid.z)) {
      a_seek(&rows0, s, 0u, wid.z);
      a_seek(&rows1, s, 0u, wid.z);
      b_seek(&columns0, s, 0u, wid.z);
      b_seek(&columns1, s, 0u, wid.z);
      for (var k = 0u; k < depth; k += K_STEP) {
        let a0 = a_block(rows0, k, depth);
        let b0 = b_block(columns0, k, depth);
        var a1: mat4x4f;
        var b1: mat4x4f;
        if (ROW_BLOCKS == 2u) {
          a1 = a_block(rows1, k, depth);
        }
        if (COLUMN_BLOCKS == 2u) {
          b1 = b_block(columns1, k, depth);
        }
        c00 += b0 * a0;
        if (COLUMN_BLOCKS == 2u) {
          c01 += b1 * a0;
        }
        if (ROW_BLOCKS == 2u) {
          c10 += b0 * a1;
        }
        if (ROW_BLOCKS * COLUMN_BLOCKS == 4u) {
          c11 += b1 * a1;
        }
        a_step(&rows0);
        a_step(&rows1);
        b_step(&columns0);
        b_step(&columns1);
      }
    }
  }
  c_store(row, column, wid.z, c00);
  if (COLUMN_BLOCKS == 2u) {
    c_store(row, column + 4u, wid.z, c01);
  }
  if (ROW_BLOCKS == 2u) {
    c_store(row + 4u, column, wid.z, c10);
  }
  if (ROW_BLOCKS * COLUMN_BLOCKS == 4u) {
    c_store(row + 4u, column + 4u, wid.z, c11);
  }
}
// @end
