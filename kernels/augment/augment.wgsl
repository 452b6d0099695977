// A batch from a data set of bytes: gather, random resized crop, horizontal flip, brightness and contrast, normalisation; and
// the batch's labels and image numbers beside it.
// Layout: pixels is images one after the other, each (height, width, channels) in bytes, four a word, the first in the lowest
// bits; a row of table is an image's byte offset, height, width and label; x is (batch, out_height, out_width, channels). normalization holds, a channel each: means, 1 / deviations, weights of grey.
// Randomness: draw k of the image in slot s is random4(seed, step, s, k), so a batch depends on nothing else. Draw 0 is
// (flip, brightness, contrast, jitter or not), draws 1 to 10 are (area, ratio, top, left) of ten tries at a crop.
// Sampling is bilinear between pixel centres within the crop, without antialiasing: meant for crops that are not much larger
// than the output. Jitter works on values in [0, 1] and clamps to them, brightness first; contrast stretches about the
// output's mean grey.
// Scheme: a workgroup an image, an invocation every WORKGROUP-th pixel; contrast costs a second walk.
// Traffic: 4 bytes read and 4 written a value, bound by loads.
// Source: torchvision's RandomResizedCrop and ColorJitter (ten tries, then the largest central crop of a permitted ratio).
//
// @kernel augment

const WORKGROUP: u32 = 64u; // @tune
const TRIES: u32 = 10u;

// Four bytes, the first in the lowest bits.
alias Bytes = u32;

struct Params {
  count: u32,
  channels: u32,
  out_height: u32,
  out_width: u32,
  batch: u32,
  random_crop: u32,
  scale_low: f32,
  scale_high: f32,
  ratio_low: f32,
  ratio_high: f32,
  // Probabilities of a flip and of jitter; the half-widths of the factors.
  flip: f32,
  jitter: f32,
  brightness: f32,
  contrast: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> pixels: array<Bytes>;
@group(0) @binding(2) var<storage, read> table: array<vec4u>;
@group(0) @binding(3) var<storage, read> normalization: array<f32>;
@group(0) @binding(4) var<storage, read> indices: array<u32>;
// Seed and step.
@group(0) @binding(5) var<storage, read> counter: array<u32>;
@group(0) @binding(6) var<storage, read_write> x: array<f32>;
@group(0) @binding(7) var<storage, read_write> labels: array<i32>;
@group(0) @binding(8) var<storage, read_write> instances: array<i32>;

// @include lib/grid.wgsl
// @include augment/random.wgsl
// @include lib/workgroup_sum.wgsl

// Top, left, height and width of a part of the image.
struct Crop {
  corner: vec2f,
  size: vec2f,
}

// The bytes around a point and their weights, in the order (top left, top right, bottom left, bottom right).
struct Taps {
  at: vec4u,
  weight: vec4f,
}

fn draw(slot: u32, number: u32) -> vec4f {
  let bits = random4(vec4u(counter[0], counter[1], slot, number));
  return vec4f(uniform01(bits.x), uniform01(bits.y), uniform01(bits.z), uniform01(bits.w));
}

// The largest crop of a permitted ratio of width to height, in the middle.
fn central_crop(whole: vec2f) -> Crop {
  let ratio = whole.y / whole.x;
  let narrow = vec2f(min(whole.x, max(1.0, round(whole.y / params.ratio_low))), whole.y);
  let wide = vec2f(whole.x, min(whole.y, max(1.0, round(whole.x * params.ratio_high))));
  let size = select(select(whole, wide, ratio > params.ratio_high), narrow, ratio < params.ratio_low);
  return Crop(floor((whole - size) * 0.5), size);
}

fn crop_of(slot: u32, whole: vec2f) -> Crop {
  if (params.random_crop == 0u) {
    return Crop(vec2f(), whole);
  }
  let log_ratio = log(vec2f(params.ratio_low, params.ratio_high));
  var crop = central_crop(whole);
  var open = true;
  for (var k = 1u; k <= TRIES; k++) {
    let u = draw(slot, k);
    let area = whole.x * whole.y * (params.scale_low + (params.scale_high - params.scale_low) * u.x);
    let ratio = exp(log_ratio.x + (log_ratio.y - log_ratio.x) * u.y);
    let size = round(sqrt(vec2f(area / ratio, area * ratio)));
    let taken = open & all(size > vec2f()) & all(size <= whole);
    let corner = min(floor(u.zw * (whole - size + 1.0)), whole - size);
    crop.corner = select(crop.corner, corner, taken);
    crop.size = select(crop.size, size, taken);
    open = open & !taken;
  }
  return crop;
}

// U(max(0, 1 - spread), 1 + spread) where the image is jittered, else 1.
fn factor(u: f32, spread: f32, jittered: bool) -> f32 {
  let low = max(0.0, 1.0 - spread);
  return select(1.0, low + (1.0 + spread - low) * u, jittered);
}

fn taps(image: vec4u, crop: Crop, mirrored: bool, pixel: u32) -> Taps {
  let y = pixel / params.out_width;
  let column = pixel % params.out_width;
  let from_left = select(column, params.out_width - 1u - column, mirrored);
  let scale = crop.size / vec2f(f32(params.out_height), f32(params.out_width));
  let point = clamp((vec2f(f32(y), f32(from_left)) + 0.5) * scale - 0.5, vec2f(), crop.size - 1.0);
  let low = floor(point);
  let high = min(low + 1.0, crop.size - 1.0);
  let part = point - low;
  let rows = vec2u(vec2f(low.x, high.x) + crop.corner.x);
  let columns = vec2u(vec2f(low.y, high.y) + crop.corner.y);
  let lines = rows * image.z;
  return Taps(
    image.x + vec4u(lines.xx + columns, lines.yy + columns) * params.channels,
    vec4f((1.0 - part.x) * vec2f(1.0 - part.y, part.y), part.x * vec2f(1.0 - part.y, part.y)),
  );
}

fn byte_at(at: u32) -> f32 {
  return f32((pixels[at / 4u] >> (8u * (at % 4u))) & 255u);
}

// A channel's value in [0, 1], brightness applied.
fn value(here: Taps, channel: u32, brightness: f32) -> f32 {
  let at = here.at + channel;
  let bytes = vec4f(byte_at(at.x), byte_at(at.y), byte_at(at.z), byte_at(at.w));
  return clamp(dot(bytes, here.weight) / 255.0 * brightness, 0.0, 1.0);
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let slot = workgroup_index(wid, nwg);
  if (slot >= params.batch) {
    return;
  }
  let number = min(indices[slot], params.count - 1u);
  let image = table[number];
  let chance = draw(slot, 0u);
  let crop = crop_of(slot, vec2f(image.yz));
  let mirrored = chance.x < params.flip;
  let jittered = chance.w < params.jitter;
  let brightness = factor(chance.y, params.brightness, jittered);
  let contrast = factor(chance.z, params.contrast, jittered);
  let area = params.out_height * params.out_width;
  var grey = 0.0;
  if (params.contrast > 0.0) {
    var own = 0.0;
    for (var pixel = lane; pixel < area; pixel += WORKGROUP) {
      let here = taps(image, crop, mirrored, pixel);
      for (var channel = 0u; channel < params.channels; channel++) {
        own += value(here, channel, brightness) * normalization[2u * params.channels + channel];
      }
    }
    grey = workgroup_sum(vec2f(own, 0.0), lane).x / f32(area);
  }
  for (var pixel = lane; pixel < area; pixel += WORKGROUP) {
    let here = taps(image, crop, mirrored, pixel);
    for (var channel = 0u; channel < params.channels; channel++) {
      let stretched = clamp(grey + contrast * (value(here, channel, brightness) - grey), 0.0, 1.0);
      x[(slot * area + pixel) * params.channels + channel] =
        (stretched - normalization[channel]) * normalization[params.channels + channel];
    }
  }
  if (lane == 0u) {
    labels[slot] = i32(image.w);
    instances[slot] = i32(number);
  }
}
