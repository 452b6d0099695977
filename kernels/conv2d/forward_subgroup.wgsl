// y[n,i,j,o] = Σ_{p,q,c} x[n, i·stride + p·dilation - pad, j·stride + q·dilation - pad, c] · w[p,q,c,o] + bias[o].
// Layout: NHWC and HWIO, channels of a group multiples of 4.
// Implicit GEMM: rows are output pixels, columns output channels, k taps and channels; a slice is a group (lib/conv_forward_operands.wgsl).
// Scheme: a subgroup loads each block of A once and broadcasts it (lib/gemm_subgroup.wgsl).
// Traffic: x is read taps · columns/TILE_COLUMNS times, w rows/TILE_ROWS times, mostly from caches; y is written once.

enable subgroups;

// @include lib/gemm_no_partials.wgsl
// No statistics of C are kept.
const MOMENTS: u32 = 0u;

fn moments_store(row: u32, column: u32, about: vec4f, sums: Sums) {}
// @end

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

// @include lib/gemm_subgroup.wgsl
// GEMM body `subgroup`: C = A · B, every block of A loaded once a subgroup and broadcast. For drivers that run on a processor,
// where a load costs more than the arithmetic it feeds. No workgroup memory, no barrier.
//
// A workgroup is one subgroup of exactly SUBGROUP lanes (4 or 8) and computes 4·SUBGROUP·ROW_BLOCKS rows of C; each lane has
// 4·COLUMN_BLOCKS columns of all of them. In a step of four k, lane l loads rows 4l to 4l + 3 of A, and every lane multiplies
// its own blocks of B with each lane's rows in turn.
const SUBGROUP: u32 = 4u; // @tune
const ROW_BLOCKS: u32 = 1u; // @tune
const COLUMN_BLOCKS: u32 = 1u; // @tune
// With 2, each half of a subgroup has half of its rows, and half as many columns: for few columns.
const ROW_GROUPS: u32 = 1u; // @tune
const_assert 4u * ROW_GROUPS <= SUBGROUP;
// Lanes of a group.
const LANES: u32 = SUBGROUP / ROW_GROUPS;
// 4, or 2 where k runs across the rows of B: then the loop of a tile of 32 × 64 still fits a processor's cache of
// decoded instructions.
const K_STEP: u32 = 4u; // @tune
const_assert 2u / K_STEP <= B_K_MAJOR;
const A_IN_HALVES: u32 = 2u / K_STEP * (1u - A_K_MAJOR);
const STRIP: u32 = 4u * SUBGROUP;
const TILE_ROWS: u32 = STRIP * ROW_BLOCKS;
const TILE_COLUMNS: u32 = 4u * LANES * COLUMN_BLOCKS;
// Whose statistics are stored together: all rows of a lane, one after the other.
const CHUNK_ROWS: u32 = TILE_ROWS / ROW_GROUPS;
const_assert (ROW_GROUPS - 1u) * (ROW_BLOCKS - 1u) == 0u;

// STRIP rows of C: the blocks from each lane's rows of A, left and right in turn.
alias Strip = array<mat4x4f, 16>;

// Four lanes are a quad, and its broadcast is one instruction a register on SwiftShader, where that of a subgroup is six.
fn from_lane_0(v: vec4f) -> vec4f {
  if (LANES == 4u) {
    return quadBroadcast(v, 0u);
  }
  return subgroupBroadcast(v, 0u);
}

fn from_lane_1(v: vec4f) -> vec4f {
  if (LANES == 4u) {
    return quadBroadcast(v, 1u);
  }
  return subgroupBroadcast(v, 1u);
}

fn from_lane_2(v: vec4f) -> vec4f {
  if (LANES == 4u) {
    return quadBroadcast(v, 2u);
  }
  return subgroupBroadcast(v, 2u);
}

fn from_lane_3(v: vec4f) -> vec4f {
  if (LANES == 4u) {
    return quadBroadcast(v, 3u);
  }
  return subgroupBroadcast(v, 3u);
}

fn from_0(a: mat4x4f) -> mat4x4f {
  return mat4x4f(
    from_lane_0(a[0]),
    from_lane_0(a[1]),
    from_lane_0(a[2]),
    from_lane_0(a[3]),
  );
}

fn from_1(a: mat4x4f) -> mat4x4f {
  return mat4x4f(
    from_lane_1(a[0]),
    from_lane_1(a[1]),
    from_lane_1(a[2]),
    from_lane_1(a[3]),
  );
}

fn from_2(a: mat4x4f) -> mat4x4f {
  return mat4x4f(
    from_lane_2(a[0]),
    from_lane_2(a[1]),
    from_lane_2(a[2]),
    from_lane_2(a[3]),
  );
}

fn from_3(a: mat4x4f) -> mat4x4f {
  return mat4x4f(
    from_lane_3(a[0]),
    from_lane_3(a[1]),
    from_lane_3(a[2]),
    from_lane_3(a[3]),
  );
}

fn from_4(a: mat4x4f) -> mat4x4f {
  return mat4x4f(
    subgroupBroadcast(a[0], 4u),
    subgroupBroadcast(a[1], 4u),
    subgroupBroadcast(a[2], 4u),
    subgroupBroadcast(a[3], 4u),
  );
}

fn from_5(a: mat4x4f) -> mat4x4f {
  return mat4x4f(
    subgroupBroadcast(a[0], 5u),
    subgroupBroadcast(a[1], 5u),
    subgroupBroadcast(a[2], 5u),
    subgroupBroadcast(a[3], 5u),
  );
}

fn from_6(a: mat4x4f) -> mat4x4f {
  return mat4x4f(
    subgroupBroadcast(a[0], 6u),
    subgroupBroadcast(a[1], 6u),
    subgroupBroadcast(a[2], 6u),
    subgroupBroadcast(a[3], 6u),
  );
}

fn from_7(a: mat4x4f) -> mat4x4f {
  return mat4x4f(
    subgroupBroadcast(a[0], 7u),
    subgroupBroadcast(a[1], 7u),
    subgroupBroadcast(a[2], 7u),
    subgroupBroadcast(a[3], 7u),
  );
}

// Turns a block's later two k to the front.
fn later(a: mat4x4f) -> mat4x4f {
  return mat4x4f(a[0].zwxy, a[1].zwxy, a[2].zwxy, a[3].zwxy);
}

// The product of K_STEP columns of b with as many k of a.
fn product(b: mat4x4f, a: mat4x4f) -> mat4x4f {
  if (K_STEP == 2u) {
    return mat2x4f(b[0], b[1]) * mat4x2f(a[0].xy, a[1].xy, a[2].xy, a[3].xy);
  }
  return b * a;
}

fn accumulate(c: ptr<function, Strip>, a: mat4x4f, b0: mat4x4f, b1: mat4x4f) {
  let a0 = from_0(a);
  (*c)[0] += product(b0, a0);
  if (COLUMN_BLOCKS == 2u) {
    (*c)[1] += product(b1, a0);
  }
  let a1 = from_1(a);
  (*c)[2] += product(b0, a1);
  if (COLUMN_BLOCKS == 2u) {
    (*c)[3] += product(b1, a1);
  }
  let a2 = from_2(a);
  (*c)[4] += product(b0, a2);
  if (COLUMN_BLOCKS == 2u) {
    (*c)[5] += product(b1, a2);
  }
  let a3 = from_3(a);
  (*c)[6] += product(b0, a3);
  if (COLUMN_BLOCKS == 2u) {
    (*c)[7] += product(b1, a3);
  }
  if (LANES == 8u) {
    let a4 = from_4(a);
    (*c)[8] += product(b0, a4);
    if (COLUMN_BLOCKS == 2u) {
      (*c)[9] += product(b1, a4);
    }
    let a5 = from_5(a);
    (*c)[10] += product(b0, a5);
    if (COLUMN_BLOCKS == 2u) {
      (*c)[11] += product(b1, a5);
    }
    let a6 = from_6(a);
    (*c)[12] += product(b0, a6);
    if (COLUMN_BLOCKS == 2u) {
      (*c)[13] += product(b1, a6);
    }
    let a7 = from_7(a);
    (*c)[14] += product(b0, a7);
    if (COLUMN_BLOCKS == 2u) {
      (*c)[15] += product(b1, a7);
    }
  }
}

// @include lib/gemm_moments.wgsl
// Sums over rows of C, four columns at a time, about a value of each column. Where that is one of the rows' own, squares do not
// cancel however far the mean is from 0: they are larger than those about the mean by a factor of the number of rows at most.
struct Sums {
  sum: vec4f,
  squares: vec4f,
}

// Adds the four rows of a block that starts at `row`; those beyond the end of C are left out.
fn add_rows(sums: ptr<function, Sums>, block: mat4x4f, row: u32, about: vec4f) {
  let inside = vec4f(vec4u(0u, 1u, 2u, 3u) < vec4u(max(gemm_rows(), row) - row));
  let d0 = block[0] - about;
  let d1 = block[1] - about;
  let d2 = block[2] - about;
  let d3 = block[3] - about;
  (*sums).sum += mat4x4f(d0, d1, d2, d3) * inside;
  (*sums).squares += mat4x4f(d0 * d0, d1 * d1, d2 * d2, d3 * d3) * inside;
}
// @end

@compute @workgroup_size(SUBGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let tiles_across = (gemm_columns() + TILE_COLUMNS - 1u) / TILE_COLUMNS;
  let tile = workgroup_index(wid, nwg);
  let row = tile / tiles_across * TILE_ROWS;
  let first = lane / LANES * LANES;
  let column = tile % tiles_across * TILE_COLUMNS + (lane - first) * 4u * COLUMN_BLOCKS;
  if (row >= gemm_rows()) {
    return;
  }

  var rows0 = a_open(row + 4u * lane, wid.z);
  var rows1 = a_open(row + STRIP + 4u * lane, wid.z);
  var columns0 = b_open(column, wid.z);
  var columns1 = b_open(column + 4u, wid.z);
  var c0: Strip;
  var c1: Strip;
  let depth = gemm_depth(wid.z);
  for (var s = 0u; s < gemm_segments(); s++) {
    if (gemm_meets(s, wid.z)) {
      a_seek(&rows0, s, 0u, wid.z);
      a_seek(&rows1, s, 0u, wid.z);
      b_seek(&columns0, s, 0u, wid.z);
      b_seek(&columns1, s, 0u, wid.z);
      var a0 = mat4x4f();
      var a1 = mat4x4f();
      for (var k = 0u; k < depth; k += K_STEP) {
        // A block has four k: where k runs along the rows of A, a step of two reads one every second time.
        var reads = true;
        if (A_IN_HALVES == 1u) {
          reads = (k & 2u) == 0u;
          a0 = later(a0);
          a1 = later(a1);
        }
        if (reads) {
          a0 = a_block(rows0, k, depth);
          a_step(&rows0);
          if (ROW_BLOCKS == 2u) {
            a1 = a_block(rows1, k, depth);
            a_step(&rows1);
          }
        }
        let b0 = b_block(columns0, k, depth);
        b_step(&columns0);
        var b1 = mat4x4f();
        if (COLUMN_BLOCKS == 2u) {
          b1 = b_block(columns1, k, depth);
          b_step(&columns1);
        }
        accumulate(&c0, a0, b0, b1);
        if (ROW_BLOCKS == 2u) {
          accumulate(&c1, a1, b0, b1);
        }
      }
    }
  }
  // A copy may be indexed by a loop, which the accumulators must not be to stay in registers; so the code that stores a
  // block is there, and is compiled, once: llvmpipe unrolls a loop whose end is a constant, or at most one.
  let strips = array<Strip, 2>(c0, c1);
  let blocks = ROW_BLOCKS * LANES * COLUMN_BLOCKS * min(gemm_rows(), 1u);
  for (var i = 0u; i < blocks; i++) {
    let strip = i / (LANES * COLUMN_BLOCKS);
    let down = i / COLUMN_BLOCKS % LANES;
    let right = i % COLUMN_BLOCKS;
    c_store(row + STRIP * strip + 4u * (first + down), column + 4u * right, wid.z, strips[strip][2u * down + right]);
  }
  // A lane has all rows of its group for each of its columns.
  if (MOMENTS == 1u) {
    for (var right = 0u; right < COLUMN_BLOCKS; right++) {
      let about = strips[0][right][0];
      var sums = Sums(vec4f(), vec4f());
      for (var i = 0u; i < ROW_BLOCKS * LANES * min(gemm_rows(), 1u); i++) {
        let at = row + STRIP * (i / LANES) + 4u * (first + i % LANES);
        add_rows(&sums, strips[i / LANES][2u * (i % LANES) + right], at, about);
      }
      moments_store(row + 4u * first, column + 4u * right, about, sums);
    }
  }
}
// @end
