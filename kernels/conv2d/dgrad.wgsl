// dx[n,i,j,c] = Σ_{p,q,o} dy[n, (i + pad - p·dilation)/stride, (j + pad - q·dilation)/stride, o] · w[p,q,c,o], whole quotients only.
// Layout: NHWC and HWIO. Channels of a group are multiples of 4; with SCALAR any.
//
// As a GEMM: C = dx, one row an input pixel, one column an input channel of a group. A is dy seen through the filter
// backwards: k runs over the group's output channels, taps are the segments. B is w read transposed. A slice z of the grid
// is a group and a phase: the input pixels whose coordinates leave the same remainders by the strides. They meet the same
// taps, so no product with a zero between strided pixels is ever formed.
// Traffic: dy is read taps · columns/TILE_COLUMNS times, w rows/TILE_ROWS times, mostly from caches; dx is written once.
//
// @kernel dgrad_subgroup           body=subgroup
// @kernel dgrad_subgroup_scalar    body=subgroup SCALAR
// @kernel dgrad_tile               body=tile
// @kernel dgrad_tile_scalar        body=tile SCALAR
// @kernel dgrad_register           body=register
// @kernel dgrad_register_scalar    body=register SCALAR
// @include gemm/{body}.wgsl

const A_K_MAJOR: u32 = 0u;
// A body that takes two k a step wants the weights transposed to [tap, out_channels, in_channels], so that k runs down them.
const B_K_MAJOR: u32 = 2u / K_STEP;
// Whether the product is added to what dx holds.
const ACCUMULATE: u32 = 0u; // @tune

// @include conv2d/params.wgsl
// @include lib/value.wgsl

// Four input pixels of a phase, by their place in it, and where the current tap reads.
struct Pixels {
  image: vec4u,
  row: vec4u,
  column: vec4u,
  at: vec4u,
  inside: vec4<bool>,
}

fn phase_height() -> u32 {
  return (params.in_height + params.stride_height - 1u) / params.stride_height;
}

fn phase_width() -> u32 {
  return (params.in_width + params.stride_width - 1u) / params.stride_width;
}

// The first pixel of a slice: its phase.
fn phase(z: u32) -> vec2u {
  let index = z / params.groups;
  return vec2u(index / params.stride_width, index % params.stride_width);
}

fn gemm_rows() -> u32 {
  return params.batch * phase_height() * phase_width();
}

fn gemm_columns() -> u32 {
  return group_inputs();
}

fn gemm_slices() -> u32 {
  return params.stride_height * params.stride_width * params.groups;
}

fn gemm_segments() -> u32 {
  return params.kernel_height * params.kernel_width;
}

fn gemm_depth(z: u32) -> u32 {
  return group_outputs();
}

// How far a tap lies from the first input pixel of a phase, in input pixels: down and to the right.
fn tap_distance(tap: u32, z: u32) -> vec2i {
  let first = phase(z) + vec2u(params.pad_height, params.pad_width);
  let offset = vec2u(tap / params.kernel_width * params.dilation_height, tap % params.kernel_width * params.dilation_width);
  return vec2i(first) - vec2i(offset);
}

fn gemm_meets(tap: u32, z: u32) -> bool {
  let rest = tap_distance(tap, z) % vec2i(i32(params.stride_height), i32(params.stride_width));
  return (rest.x == 0) & (rest.y == 0);
}

fn a_open(row: u32, z: u32) -> Pixels {
  let pixel = min(row + vec4u(0u, 1u, 2u, 3u), vec4u(gemm_rows() - 1u));
  let line = pixel / phase_width();
  let image = line / phase_height();
  return Pixels(image, line - image * phase_height(), pixel - line * phase_width(), vec4u(), vec4<bool>());
}

// `at` is counted in floats.
fn a_seek(pixels: ptr<function, Pixels>, tap: u32, k: u32, z: u32) {
  let shift = vec2u(tap_distance(tap, z) / vec2i(i32(params.stride_height), i32(params.stride_width)));
  let row = (*pixels).row + shift.x;
  let column = (*pixels).column + shift.y;
  let inside = (row < vec4u(params.out_height)) & (column < vec4u(params.out_width));
  let pixel = ((*pixels).image * params.out_height + row) * params.out_width + column;
  (*pixels).at = select(vec4u(), pixel, inside) * params.out_channels + z % params.groups * group_outputs() + k;
  (*pixels).inside = inside;
}

fn a_step(pixels: ptr<function, Pixels>) {
  (*pixels).at += max(K_STEP, 4u);
}

@group(0) @binding(1) var<storage, read> dy: array<Value>;
@group(0) @binding(2) var<storage, read> w: array<Value>;
@group(0) @binding(3) var<storage, read_write> dx: array<Value>;

// Four columns (or, where k runs down the rows of w, one vec4 of them), and where they are at the current k.
struct Weights {
  lines: vec4u,
  at: vec4u,
}

// @if SCALAR
// One k seen from four pixels.
fn dy_at(pixels: Pixels, k: u32, valid: bool) -> vec4f {
  let at = pixels.at + k;
  return select(vec4f(), vec4f(dy[at.x], dy[at.y], dy[at.z], dy[at.w]), pixels.inside & vec4<bool>(valid));
}

fn a_block(pixels: Pixels, k: u32, depth: u32) -> mat4x4f {
  return transpose(mat4x4f(
    dy_at(pixels, 0u, k < depth),
    dy_at(pixels, 1u, k + 1u < depth),
    dy_at(pixels, 2u, k + 2u < depth),
    dy_at(pixels, 3u, k + 3u < depth),
  ));
}

fn b_open(column: u32, z: u32) -> Weights {
  return Weights(min(column + vec4u(0u, 1u, 2u, 3u), vec4u(group_inputs() - 1u)), vec4u());
}

fn b_seek(weights: ptr<function, Weights>, tap: u32, k: u32, z: u32) {
  let line = tap * group_inputs() + (*weights).lines;
  (*weights).at = line * params.out_channels + z % params.groups * group_outputs() + k;
}

fn b_step(weights: ptr<function, Weights>) {
  (*weights).at += K_STEP;
}

fn w_at(at: vec4u, valid: bool) -> vec4f {
  return select(vec4f(), vec4f(w[at.x], w[at.y], w[at.z], w[at.w]), valid);
}

fn b_block(weights: Weights, k: u32, depth: u32) -> mat4x4f {
  return mat4x4f(
    w_at(weights.at, k < depth),
    w_at(weights.at + 1u, k + 1u < depth),
    w_at(weights.at + 2u, k + 2u < depth),
    w_at(weights.at + 3u, k + 3u < depth),
  );
}

fn c_store(row: u32, column: u32, z: u32, block: mat4x4f) {
  let first = phase(z);
  let channel = z % params.groups * group_inputs() + column;
  for (var pixel = row; pixel < min(row + 4u, gemm_rows()); pixel++) {
    let line = pixel / phase_width();
    let image = line / phase_height();
    let y = (line - image * phase_height()) * params.stride_height + first.x;
    let x = (pixel - line * phase_width()) * params.stride_width + first.y;
    let start = ((image * params.in_height + y) * params.in_width + x) * params.in_channels + channel;
    for (var j = 0u; j < 4u; j++) {
      if ((y < params.in_height) & (x < params.in_width) & (column + j < group_inputs())) {
        var sum = block[pixel - row][j];
        if (ACCUMULATE == 1u) {
          sum += dx[start + j];
        }
        dx[start + j] = sum;
      }
    }
  }
}

// @else
// @include gemm/mask.wgsl

fn a_block(pixels: Pixels, k: u32, depth: u32) -> mat4x4f {
  let at = pixels.at >> vec4u(2u);
  return masked(mat4x4f(dy[at.x], dy[at.y], dy[at.z], dy[at.w]), pixels.inside & vec4<bool>(k < depth));
}

fn b_open(column: u32, z: u32) -> Weights {
  if (B_K_MAJOR == 1u) {
    return Weights(vec4u(min(column, params.in_channels - 4u)), vec4u());
  }
  return Weights(min(column + vec4u(0u, 1u, 2u, 3u), vec4u(group_inputs() - 1u)), vec4u());
}

fn b_seek(weights: ptr<function, Weights>, tap: u32, k: u32, z: u32) {
  if (B_K_MAJOR == 1u) {
    let row = tap * params.out_channels + k + vec4u(0u, 1u, 2u, 3u);
    (*weights).at = (row * params.in_channels + (*weights).lines) / 4u;
    return;
  }
  let line = tap * group_inputs() + (*weights).lines;
  (*weights).at = (line * params.out_channels + z % params.groups * group_outputs() + k) / 4u;
}

fn b_step(weights: ptr<function, Weights>) {
  (*weights).at += select(K_STEP / 4u, (K_STEP * params.in_channels) >> 2u, B_K_MAJOR == 1u);
}

fn b_block(weights: Weights, k: u32, depth: u32) -> mat4x4f {
  let read = mat4x4f(w[weights.at.x], w[weights.at.y], w[weights.at.z], w[weights.at.w]);
  if (B_K_MAJOR == 1u) {
    return read;
  }
  if (K_STEP > 4u) {
    return masked(transpose(read), vec4<bool>(k < depth));
  }
  return transpose(read);
}

fn c_store(row: u32, column: u32, z: u32, block: mat4x4f) {
  if (column >= group_inputs()) {
    return;
  }
  let first = phase(z);
  let channel = z % params.groups * group_inputs() + column;
  for (var pixel = row; pixel < min(row + 4u, gemm_rows()); pixel++) {
    let line = pixel / phase_width();
    let image = line / phase_height();
    let y = (line - image * phase_height()) * params.stride_height + first.x;
    let x = (pixel - line * phase_width()) * params.stride_width + first.y;
    let start = ((image * params.in_height + y) * params.in_width + x) * params.in_channels + channel;
    if ((y < params.in_height) & (x < params.in_width)) {
      var sum = block[pixel - row];
      if (ACCUMULATE == 1u) {
        sum += dx[start / 4u];
      }
      dx[start / 4u] = sum;
    }
  }
}
// @end
