// A run of a view's steps: operations on colours in one sweep and, as `transform`, any one operation of RandAugment.
// Layout: x and y are (batch, height, width, channels) in levels, y normalised where it is the last kernel.
// Each step's result is clipped to 0 to 255 and not rounded; the operations that look levels up in a table of 256 round first.
// Blends are d + f (v - d): d is black (brightness), the image's mean grey (contrast), the pixel's grey (saturation) or the
// smoothed image (sharpness: 3 × 3 pixels, the middle with weight 5; the border stays). Hue turns in HSV.
// Scheme: a workgroup an image; an operation that needs the image's mean grey, extremes or histogram, as they are before it, costs
// a first sweep. Traffic: 4 bytes read (8 with a first sweep) and 4 written a value.
// Source: Pillow's ImageEnhance, ImageOps and Image.transform, torchvision's ColorJitter.
//
// @kernel adjust
// @kernel transform ANY

const WORKGROUP: u32 = 256u; // @tune

struct Params {
  batch: u32,
  height: u32,
  width: u32,
  channels: u32,
  normalize: u32,
  // Steps of a view: the first, and the one after the last; a single one with ANY.
  first: u32,
  end: u32,
  // With ANY. 0 nearest, 1 bilinear, 2 bicubic (a = -1); outside of the image lie `fill` times the mean levels.
  interpolation: u32,
  fill: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> draws: array<vec4f>;
@group(0) @binding(3) var<storage, read> normalization: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

// @include lib/grid.wgsl
// @include lib/workgroup_sum.wgsl
// @include augment/views.wgsl
// @include augment/operations.wgsl
// @include augment/store.wgsl
// @include augment/load.wgsl
// @include augment/color.wgsl

// @if ANY
// @include augment/histogram.wgsl
// @include augment/neighbours.wgsl
// @end

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
  let area = params.height * params.width;
  let start = slot * area;
  let grey = each_channel(2u);

  // The step before which the image's mean grey is needed.
  var middle = params.end;
  for (var step = params.first; step < params.end; step++) {
    middle = select(middle, step, step_of(slot, step).x == f32(CONTRAST));
  }
  var mean_grey = 0.0;
  if (middle < params.end) {
    var own = 0.0;
    for (var at = lane; at < area; at += WORKGROUP) {
      var pixel = load_pixel(start + at);
      for (var step = params.first; step < middle; step++) {
        pixel = colored(step_of(slot, step), pixel, 0.0, grey);
      }
      own += dot(pixel, grey);
    }
    mean_grey = workgroup_sum(vec2f(own, 0.0), lane).x / f32(area);
  }
  // @if ANY
  let only = step_of(slot, params.first);
  let operation = u32(only.x);
  if ((operation == AUTO_CONTRAST) | (operation == EQUALIZE)) {
    take_histogram(start, area, lane);
  }
  // @end
  for (var at = lane; at < area; at += WORKGROUP) {
    // @if ANY
    var pixel = fetched(start, at, operation, only.y);
    pixel = looked_up(pixel, operation, only.y);
    pixel = colored(only, pixel, mean_grey, grey);
    // @else
    var pixel = load_pixel(start + at);
    for (var step = params.first; step < params.end; step++) {
      pixel = colored(step_of(slot, step), pixel, mean_grey, grey);
    }
    // @end
    store_pixel(start + at, pixel);
  }
}
