// GEMM operands of the convolution's forward pass read float by float: any channel counts, such as an image's one or three.
// C = y, one row an output pixel, one column an output channel. k runs over taps and input channels together. groups = 1.
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
  (*windows).step = taps_at(vec4u(max(K_STEP, 4u)));
}

// Moves on by a block's four k, or by K_STEP where that is more, in mixed radix: no division in the loop.
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
        var sum = block[r][j];
        if (BIAS == 1u) {
          sum += bias[column + j];
        }
        if (RELU == 1u) {
          sum = max(sum, 0.0);
        }
        y[(row + r) * params.out_channels + column + j] = sum;
      }
    }
  }
}
