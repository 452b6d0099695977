// y[n,i,j,o] = Σ_{p,q,c} x[n, i·stride + p·dilation - pad, j·stride + q·dilation - pad, c] · w[p,q,c,o] + bias[o].
// Layout: NHWC and HWIO, any channels.
// Implicit GEMM: rows are output pixels, columns output channels, k the channels of a tap (lib/conv_forward_operands_scalar.wgsl).
// Scheme: a workgroup stages tiles of both operands in workgroup memory (lib/gemm_tile.wgsl).
// Traffic: x is read taps · columns/TILE_COLUMNS times, w rows/TILE_ROWS times, mostly from caches; y is written once.

// @include lib/grid.wgsl
// Folded grids: a dispatch that needs more workgroups than one dimension may hold (65,535) spreads them over x and y.

// The workgroup's number in x-major order. The last row may run past the count that is needed, so kernels check their
// bounds.
fn workgroup_index(wid: vec3u, nwg: vec3u) -> u32 {
  return wid.x + wid.y * nwg.x;
}
// @end

// @include lib/conv_forward_operands_scalar.wgsl
// GEMM operands of the convolution's forward pass read float by float: any channel counts, such as an image's one or three.
// C = y, one row an output pixel, one column an output channel. k runs over taps and input channels together. groups = 1.
const BIAS: u32 = 0u; // @tune
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

@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> w: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

// Four successive k, each an input channel of a tap.
struct Taps {
  down: vec4u,
  right: vec4u,
  channel: vec4u,
}

// Four output pixels, by the corner of their windows, and the taps they are read for.
struct Windows {
  image: vec4u,
  top: vec4u,
  left: vec4u,
  taps: Taps,
  step: Taps,
}

fn gemm_rows() -> u32 {
  return params.batch * params.out_height * params.out_width;
}

fn gemm_columns() -> u32 {
  return params.out_channels;
}

fn gemm_segments() -> u32 {
  return 1u;
}

fn gemm_meets(segment: u32, z: u32) -> bool {
  return true;
}

fn gemm_depth(z: u32) -> u32 {
  return params.kernel_height * params.kernel_width * params.in_channels;
}

fn taps_at(k: vec4u) -> Taps {
  let tap = k / params.in_channels;
  let down = tap / params.kernel_width;
  return Taps(down, tap - down * params.kernel_width, k - tap * params.in_channels);
}

fn a_open(row: u32, z: u32) -> Windows {
  let pixel = min(row + vec4u(0u, 1u, 2u, 3u), vec4u(gemm_rows() - 1u));
  let line = pixel / params.out_width;
  let image = line / params.out_height;
  // Negative corners wrap around and end up outside the image.
  let top = (line - image * params.out_height) * params.stride_height - params.pad_height;
  let left = (pixel - line * params.out_width) * params.stride_width - params.pad_width;
  return Windows(image, top, left, Taps(), Taps());
}

fn a_seek(windows: ptr<function, Windows>, segment: u32, k: u32, z: u32) {
  (*windows).taps = taps_at(k + vec4u(0u, 1u, 2u, 3u));
  (*windows).step = taps_at(vec4u(K_STEP));
}

// Moves on by K_STEP in mixed radix: no division in the loop.
fn a_step(windows: ptr<function, Windows>) {
  let source = (*windows).taps;
  let step = (*windows).step;
  let channel = source.channel + step.channel;
  let next_tap = channel >= vec4u(params.in_channels);
  let right = source.right + step.right + select(vec4u(), vec4u(1u), next_tap);
  let next_line = right >= vec4u(params.kernel_width);
  (*windows).taps = Taps(
    source.down + step.down + select(vec4u(), vec4u(1u), next_line),
    right - select(vec4u(), vec4u(params.kernel_width), next_line),
    channel - select(vec4u(), vec4u(params.in_channels), next_tap),
  );
}

// One k seen from four windows.
fn tap(windows: Windows, down: u32, right: u32, channel: u32, valid: bool) -> vec4f {
  let row = windows.top + down * params.dilation_height;
  let column = windows.left + right * params.dilation_width;
  let inside = (row < vec4u(params.in_height)) & (column < vec4u(params.in_width)) & vec4<bool>(valid);
  let at = ((windows.image * params.in_height + row) * params.in_width + column) * params.in_channels + channel;
  let source = select(vec4u(), at, inside);
  return select(vec4f(), vec4f(x[source.x], x[source.y], x[source.z], x[source.w]), inside);
}

fn a_block(windows: Windows, k: u32, depth: u32) -> mat4x4f {
  let taps = windows.taps;
  return transpose(mat4x4f(
    tap(windows, taps.down.x, taps.right.x, taps.channel.x, k < depth),
    tap(windows, taps.down.y, taps.right.y, taps.channel.y, k + 1u < depth),
    tap(windows, taps.down.z, taps.right.z, taps.channel.z, k + 2u < depth),
    tap(windows, taps.down.w, taps.right.w, taps.channel.w, k + 3u < depth),
  ));
}

// Four columns at the current k.
fn b_open(column: u32, z: u32) -> vec4u {
  return min(column + vec4u(0u, 1u, 2u, 3u), vec4u(params.out_channels - 1u));
}

fn b_seek(at: ptr<function, vec4u>, segment: u32, k: u32, z: u32) {
  *at += k * params.out_channels;
}

fn b_step(at: ptr<function, vec4u>) {
  *at += K_STEP * params.out_channels;
}

fn w_at(at: vec4u, valid: bool) -> vec4f {
  return select(vec4f(), vec4f(w[at.x], w[at.y], w[at.z], w[at.w]), valid);
}

fn b_block(at: vec4u, k: u32, depth: u32) -> mat4x4f {
  return mat4x4f(
    w_at(at, k < depth),
    w_at(at + params.out_channels, k + 1u < depth),
    w_at(at + 2u * params.out_channels, k + 2u < depth),
    w_at(at + 3u * params.out_channels, k + 3u < depth),
  );
}

fn c_store(row: u32, column: u32, z: u32, block: mat4x4f) {
  for (var r = 0u; r < 4u; r++) {
    for (var j = 0u; j < 4u; j++) {
      if ((row + r < gemm_rows()) & (column + j < params.out_channels)) {
        var shift = 0.0;
        if (BIAS == 1u) {
          shift = bias[column + j];
        }
        y[(row + r) * params.out_channels + column + j] = block[r][j] + shift;
      }
    }
  }
}
// @end

// @include lib/gemm_tile.wgsl
// GEMM body `tile`: C = A · B with tiles of both operands staged in workgroup memory, for GPUs.
//
// THREADS_X × THREADS_Y invocations compute 4·ROW_BLOCKS·THREADS_Y rows by 4·COLUMN_BLOCKS·THREADS_X columns of C. A round
// stages K_STEP k of both operands: an invocation reads at most one 4×4 block of A and one of B and stores them k-major,
// whatever their layout in memory. Then each invocation adds K_STEP outer products to its registers. Its blocks lie
// THREADS_Y and THREADS_X blocks apart, so that neighbours read neighbouring vec4s of workgroup memory.
// The staged blocks, (rows + columns)/4 · K_STEP/4, must not be more than twice the invocations, nor either half more than once.
const ROW_BLOCKS: u32 = 2u; // @tune
const COLUMN_BLOCKS: u32 = 2u; // @tune
const THREADS_X: u32 = 8u; // @tune
const THREADS_Y: u32 = 8u; // @tune
const K_STEP: u32 = 16u; // @tune
const THREADS: u32 = THREADS_X * THREADS_Y;
const TILE_ROWS: u32 = 4u * ROW_BLOCKS * THREADS_Y;
const TILE_COLUMNS: u32 = 4u * COLUMN_BLOCKS * THREADS_X;
const A_STAGED: u32 = TILE_ROWS / 4u * (K_STEP / 4u);
const B_STAGED: u32 = TILE_COLUMNS / 4u * (K_STEP / 4u);
// One vec4 more than a k needs, so that invocations that store blocks of different k meet different banks.
const A_PITCH: u32 = TILE_ROWS / 4u + 1u;
const B_PITCH: u32 = TILE_COLUMNS / 4u + 1u;

var<workgroup> a_tile: array<vec4f, K_STEP * A_PITCH>;
var<workgroup> b_tile: array<vec4f, K_STEP * B_PITCH>;

// Column r is row r of the product of a column of A and a row of B.
fn outer(a: vec4f, b: vec4f) -> mat4x4f {
  return mat4x4f(a.x * b, a.y * b, a.z * b, a.w * b);
}

@compute @workgroup_size(THREADS_X, THREADS_Y)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_id) lid: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let tiles_across = (gemm_columns() + TILE_COLUMNS - 1u) / TILE_COLUMNS;
  let tile = workgroup_index(wid, nwg);
  let row = tile / tiles_across * TILE_ROWS;
  let column = tile % tiles_across * TILE_COLUMNS;
  if (row >= gemm_rows()) {
    return;
  }

  // Which block of each operand this invocation stages: neighbours follow the direction that is contiguous in memory.
  let b_lane = THREADS - 1u - lane;
  let a_line = select(lane / (K_STEP / 4u), lane % (TILE_ROWS / 4u), A_K_MAJOR == 1u);
  let a_k = 4u * select(lane % (K_STEP / 4u), lane / (TILE_ROWS / 4u), A_K_MAJOR == 1u);
  let b_line = select(b_lane / (K_STEP / 4u), b_lane % (TILE_COLUMNS / 4u), B_K_MAJOR == 1u);
  let b_k = 4u * select(b_lane % (K_STEP / 4u), b_lane / (TILE_COLUMNS / 4u), B_K_MAJOR == 1u);
  var rows = a_open(row + 4u * a_line, wid.z);
  var columns = b_open(column + 4u * b_line, wid.z);

  var c00: mat4x4f;
  var c01: mat4x4f;
  var c10: mat4x4f;
  var c11: mat4x4f;
  let depth = gemm_depth(wid.z);
  for (var s = 0u; s < gemm_segments(); s++) {
    if (gemm_meets(s, wid.z)) {
      a_seek(&rows, s, a_k, wid.z);
      b_seek(&columns, s, b_k, wid.z);
      for (var k = 0u; k < depth; k += K_STEP) {
        if (lane < A_STAGED) {
          let block = transpose(a_block(rows, k + a_k, depth));
          let at = a_k * A_PITCH + a_line;
          a_tile[at] = block[0];
          a_tile[at + A_PITCH] = block[1];
          a_tile[at + 2u * A_PITCH] = block[2];
          a_tile[at + 3u * A_PITCH] = block[3];
        }
        if (b_lane < B_STAGED) {
          let block = b_block(columns, k + b_k, depth);
          let at = b_k * B_PITCH + b_line;
          b_tile[at] = block[0];
          b_tile[at + B_PITCH] = block[1];
          b_tile[at + 2u * B_PITCH] = block[2];
          b_tile[at + 3u * B_PITCH] = block[3];
        }
        a_step(&rows);
        b_step(&columns);
        workgroupBarrier();
        for (var i = 0u; i < K_STEP; i++) {
          let a0 = a_tile[i * A_PITCH + lid.y];
          let b0 = b_tile[i * B_PITCH + lid.x];
          c00 += outer(a0, b0);
          if (COLUMN_BLOCKS == 2u) {
            c01 += outer(a0, b_tile[i * B_PITCH + THREADS_X + lid.x]);
          }
          if (ROW_BLOCKS == 2u) {
            c10 += outer(a_tile[i * A_PITCH + THREADS_Y + lid.y], b0);
          }
          if (ROW_BLOCKS * COLUMN_BLOCKS == 4u) {
            c11 += outer(a_tile[i * A_PITCH + THREADS_Y + lid.y], b_tile[i * B_PITCH + THREADS_X + lid.x]);
          }
        }
        workgroupBarrier();
      }
    }
  }
  let first_row = row + 4u * lid.y;
  let first_column = column + 4u * lid.x;
  c_store(first_row, first_column, wid.z, c00);
  if (COLUMN_BLOCKS == 2u) {
    c_store(first_row, first_column + 4u * THREADS_X, wid.z, c01);
  }
  if (ROW_BLOCKS == 2u) {
    c_store(first_row + 4u * THREADS_Y, first_column, wid.z, c10);
  }
  if (ROW_BLOCKS * COLUMN_BLOCKS == 4u) {
    c_store(first_row + 4u * THREADS_Y, first_column + 4u * THREADS_X, wid.z, c11);
  }
}
// @end
