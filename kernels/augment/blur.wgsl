// Blur along one axis: a Gaussian, or one of the three boxes by which Pillow stands in for it. The border's pixels go on outside.
// Layout: x and y are (batch, height, width, channels) in levels, y normalised where it is the last kernel; the deviation σ is
// the view's own, and 0 leaves it as it is.
// Gaussian: weights exp(-d²/2σ²) up to d = ⌈4σ⌉. Box: 1 up to d = l and a at l + 1, l = ⌊(L - 1)/2⌋, L = √(4σ² + 1), a = (2l + 1)
// (l(l + 1) - σ²) / (6 (σ²/3 - (l + 1)²)): the box whose threefold application has the variance σ². The sum of weights divides.
// Scheme: an invocation a pixel. Traffic: 4 bytes read, the taps from cache, and 4 written a value.
// Source: Pillow's BoxBlur.c; Gwosdek et al., "Theoretical Foundations of Gaussian Convolution by Extended Box Filtering", 2011.
//
// @kernel blur

const WORKGROUP: u32 = 64u; // @tune
const BOX: u32 = 0u; // @tune

struct Params {
  batch: u32,
  height: u32,
  width: u32,
  channels: u32,
  normalize: u32,
  // 0: along rows; 1: along columns.
  vertical: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> draws: array<vec4f>;
@group(0) @binding(3) var<storage, read> normalization: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

// @include lib/grid.wgsl
// @include augment/views.wgsl
// @include augment/store.wgsl
// @include augment/load.wgsl

// How far the kernel reaches, and the weight of its ends where it is a box.
fn reach(sigma: f32) -> vec2f {
  if (BOX == 1u) {
    let l = floor((sqrt(4.0 * sigma * sigma + 1.0) - 1.0) * 0.5);
    let end = (2.0 * l + 1.0) * (l * (l + 1.0) - sigma * sigma) / (6.0 * (sigma * sigma / 3.0 - (l + 1.0) * (l + 1.0)));
    return vec2f(l + 1.0, end);
  }
  return vec2f(ceil(4.0 * sigma), 0.0);
}

fn weight(distance: f32, own: vec2f, sigma: f32) -> f32 {
  if (BOX == 1u) {
    return select(1.0, own.y, distance == own.x);
  }
  return exp(-0.5 * distance * distance / max(sigma * sigma, 1e-12));
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = workgroup_index(wid, nwg) * WORKGROUP + lane;
  let area = params.height * params.width;
  if (at >= params.batch * area) {
    return;
  }
  let sigma = drawn(at / area, SINGLE).z;
  let own = reach(sigma);
  let row = at % area / params.width;
  let column = at % params.width;
  let is_vertical = params.vertical == 1u;
  let place = i32(select(column, row, is_vertical));
  let last = i32(select(params.width, params.height, is_vertical)) - 1;
  let stride = select(1u, params.width, is_vertical);
  let start = at - u32(place) * stride;
  let far = i32(select(0.0, own.x, sigma > 0.0));
  var sum = vec4f();
  var total = 0.0;
  for (var d = -far; d <= far; d++) {
    let share = weight(f32(abs(d)), own, sigma);
    sum += share * load_pixel(start + u32(clamp(place + d, 0, last)) * stride);
    total += share;
  }
  store_pixel(at, select(load_pixel(at), sum / total, sigma > 0.0));
}
