// The end of views that are erased in part or mixed with others: normalisation, erasing, mixup or cutmix.
// Layout: x (levels) and y are (batch, height, width, channels). A view's partner is the one as far from the batch's end as it is
// from the beginning.
// v = (x / 255 - mean) / deviation, noise of the standard normal distribution where it is erased; y = s v + (1 - s) v' with the
// partner's v', and v' alone inside of the cut.
// Randomness: the noise of a pixel's channels is normal by random4(seed, step, slot, 2^31 + pixel). With GIVEN it is a tensor.
// Scheme: an invocation a pixel. Traffic: 8 bytes read and 4 written a value.
// Source: torchvision's and timm's RandomErasing; timm's Mixup, batch mode. Zhang et al., arXiv 1710.09412; Yun et al., arXiv 1905.04899.
//
// @kernel finish
// @variant _given GIVEN

const WORKGROUP: u32 = 64u; // @tune

struct Params {
  batch: u32,
  height: u32,
  width: u32,
  channels: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> draws: array<vec4f>;
@group(0) @binding(3) var<storage, read> normalization: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;

// @include lib/grid.wgsl
// @include augment/views.wgsl
// @include augment/pixel.wgsl
// @include augment/load.wgsl
// @include augment/write.wgsl

// @if GIVEN
// As x.
@group(0) @binding(4) var<storage, read> noise: array<f32>;

fn noise_of(slot: u32, at: u32, area: u32) -> vec4f {
  var values = vec4f();
  for (var channel = 0u; channel < params.channels; channel++) {
    values[channel] = noise[(slot * area + at) * params.channels + channel];
  }
  return values;
}
// @else
// Seed and step.
@group(0) @binding(4) var<storage, read> counter: array<u32>;

// @include augment/random.wgsl

// Box and Muller, 1958.
fn noise_of(slot: u32, at: u32, area: u32) -> vec4f {
  let bits = random4(vec4u(counter[0], counter[1], slot, 0x80000000u + at));
  let radius = sqrt(-2.0 * log(1.0 - vec2f(uniform01(bits.x), uniform01(bits.z))));
  let angle = 6.283185307179586 * vec2f(uniform01(bits.y), uniform01(bits.w));
  return vec4f(radius.x * cos(angle.x), radius.x * sin(angle.x), radius.y * cos(angle.y), radius.y * sin(angle.y));
}
// @end

fn value(slot: u32, at: u32, area: u32) -> vec4f {
  let box = drawn(slot, ERASED);
  let place = vec2f(f32(at / params.width), f32(at % params.width));
  let inside = all(place >= box.xy) & all(place < box.xy + box.zw);
  return select(normalized(load_pixel(slot * area + at)), noise_of(slot, at, area), inside);
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let number = workgroup_index(wid, nwg) * WORKGROUP + lane;
  let area = params.height * params.width;
  if (number >= params.batch * area) {
    return;
  }
  let slot = number / area;
  let at = number % area;
  let cut = drawn(slot, CUT);
  let place = vec2f(f32(at / params.width), f32(at % params.width));
  let inside = all(place >= cut.xz) & all(place < cut.yw);
  let share = select(drawn(slot, SHARES).x, 0.0, inside);
  let own = value(slot, at, area);
  let other = value(params.batch - 1u - slot, at, area);
  let mixed = share * own + (1.0 - share) * other;
  write_pixel(number, mixed);
}
