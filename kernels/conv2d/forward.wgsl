// y[n,i,j,o] = Σ_{p,q,c} x[n, i·stride + p·dilation - pad, j·stride + q·dilation - pad, c] · w[p,q,c,o] + bias[o].
// Layout: NHWC and HWIO. Channels of a group are multiples of 4; with IMAGE only the output channels; with SCALAR any channels.
//
// As a GEMM: C = y, one row an output pixel, one column an output channel of a group. A is x seen through the filter, B is w as
// it lies. A segment of k is what lies side by side in both: a row of the filter, or one tap where dilation or groups leave gaps
// between taps. The slice z of the grid is a group.
// Traffic: x is read taps · columns/TILE_COLUMNS times, w rows/TILE_ROWS times, mostly from caches; y is written once.
//
// @kernel forward_subgroup                body=subgroup
// @kernel forward_subgroup_moments        body=subgroup MOMENTS
// @kernel forward_subgroup_image          body=subgroup IMAGE
// @kernel forward_subgroup_image_moments  body=subgroup IMAGE MOMENTS
// @kernel forward_subgroup_scalar         body=subgroup SCALAR
// @kernel forward_tile                    body=tile
// @kernel forward_tile_moments            body=tile MOMENTS
// @kernel forward_tile_image              body=tile IMAGE
// @kernel forward_tile_image_moments      body=tile IMAGE MOMENTS
// @kernel forward_tile_scalar             body=tile SCALAR
// @kernel forward_register                body=register
// @kernel forward_register_image          body=register IMAGE
// @kernel forward_register_scalar         body=register SCALAR
// @include lib/value.wgsl
// @include conv2d/params.wgsl

const A_K_MAJOR: u32 = 0u;
const B_K_MAJOR: u32 = 1u;

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

fn gemm_slices() -> u32 {
  return params.groups;
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

// @if IMAGE | SCALAR
@group(0) @binding(1) var<storage, read> x: array<f32>;

// One k seen from four pixels.
fn tap(pixels: Pixels, k: u32) -> vec4f {
  let across = pixels.across + k;
  let inside = across < pixels.end;
  let at = select(vec4u(), pixels.start + across, inside);
  return select(vec4f(), vec4f(x[at.x], x[at.y], x[at.z], x[at.w]), inside);
}

fn a_block(pixels: Pixels, k: u32, depth: u32) -> mat4x4f {
  return transpose(mat4x4f(tap(pixels, 0u), tap(pixels, 1u), tap(pixels, 2u), tap(pixels, 3u)));
}
// @else
@group(0) @binding(1) var<storage, read> x: array<vec4f>;

fn a_block(pixels: Pixels, k: u32, depth: u32) -> mat4x4f {
  let inside = pixels.across < pixels.end;
  let at = select(vec4u(), pixels.start + pixels.across, inside) >> vec4u(2u);
  return masked(mat4x4f(x[at.x], x[at.y], x[at.z], x[at.w]), inside);
}
// @end

@group(0) @binding(2) var<storage, read> w: array<Value>;
@group(0) @binding(3) var<storage, read> bias: array<Value>;
@group(0) @binding(4) var<storage, read_write> y: array<Value>;

// @include lib/epilogue.wgsl

// @if SCALAR
// Four columns at the current k.
struct Weights {
  columns: vec4u,
  at: vec4u,
}

fn b_open(column: u32, z: u32) -> Weights {
  let columns = min(column + vec4u(0u, 1u, 2u, 3u), vec4u(group_outputs() - 1u));
  return Weights(z * group_outputs() + columns, vec4u());
}

fn b_seek(weights: ptr<function, Weights>, segment: u32, k: u32, z: u32) {
  (*weights).at = (segment * gemm_depth(z) + k) * params.out_channels + (*weights).columns;
}

fn b_step(weights: ptr<function, Weights>) {
  (*weights).at += K_STEP * params.out_channels;
}

fn w_at(at: vec4u, valid: bool) -> vec4f {
  return select(vec4f(), vec4f(w[at.x], w[at.y], w[at.z], w[at.w]), valid);
}

fn b_block(weights: Weights, k: u32, depth: u32) -> mat4x4f {
  return mat4x4f(
    w_at(weights.at, k < depth),
    w_at(weights.at + params.out_channels, k + 1u < depth),
    w_at(weights.at + 2u * params.out_channels, k + 2u < depth),
    w_at(weights.at + 3u * params.out_channels, k + 3u < depth),
  );
}

fn c_store(row: u32, column: u32, z: u32, block: mat4x4f) {
  for (var r = 0u; r < 4u; r++) {
    for (var j = 0u; j < 4u; j++) {
      if ((row + r < gemm_rows()) & (column + j < group_outputs())) {
        let channel = z * group_outputs() + column + j;
        y[(row + r) * params.out_channels + channel] = activated(block[r][j] + bias_of(channel));
      }
    }
  }
}
// @else
// @include gemm/mask.wgsl

// Four columns at the current k.
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
  let shift = bias_of(channel / 4u);
  for (var r = 0u; r < 4u; r++) {
    if (row + r < gemm_rows()) {
      y[((row + r) * params.out_channels + channel) / 4u] = activated(block[r] + shift);
    }
  }
}
// @end

// @if IMAGE
// A vec4 is a row of w: the last step of a segment may end within its block.
fn b_block(weights: Weights, k: u32, depth: u32) -> mat4x4f {
  let read = mat4x4f(w[weights.at.x], w[weights.at.y], w[weights.at.z], w[weights.at.w]);
  return masked(read, k + vec4u(0u, 1u, 2u, 3u) < vec4u(depth));
}
// @elif !SCALAR
fn b_block(weights: Weights, k: u32, depth: u32) -> mat4x4f {
  let read = mat4x4f(w[weights.at.x], w[weights.at.y], w[weights.at.z], w[weights.at.w]);
  if (K_STEP > 4u) {
    return masked(read, vec4<bool>(k < depth));
  }
  return read;
}
// @end

// @include gemm/{body}.wgsl
