// Operations that change levels by a rule of the level alone: fixed, or made from the image's extremes or histogram, a channel each.
// @needs WORKGROUP load_pixel AUTO_CONTRAST EQUALIZE INVERT POSTERIZE SOLARIZE SOLARIZE_ADD

const LEVELS: u32 = 256u;

// How many pixels have a level, four channels; then what the level becomes by equalisation.
var<workgroup> histogram: array<atomic<u32>, 4u * LEVELS>;
// The least and the greatest value a channel, as bits: those of positive floats are ordered as these are.
var<workgroup> least: array<atomic<u32>, 4>;
var<workgroup> greatest: array<atomic<u32>, 4>;

// Every invocation of the workgroup must call it.
fn take_histogram(start: u32, area: u32, lane: u32) {
  for (var at = lane; at < 4u * LEVELS; at += WORKGROUP) {
    atomicStore(&histogram[at], 0u);
  }
  if (lane < 4u) {
    atomicStore(&least[lane], bitcast<u32>(255.0));
    atomicStore(&greatest[lane], 0u);
  }
  workgroupBarrier();
  for (var at = lane; at < area; at += WORKGROUP) {
    let pixel = load_pixel(start + at);
    for (var channel = 0u; channel < params.channels; channel++) {
      atomicAdd(&histogram[channel * LEVELS + u32(round(pixel[channel]))], 1u);
      atomicMin(&least[channel], bitcast<u32>(pixel[channel]));
      atomicMax(&greatest[channel], bitcast<u32>(pixel[channel]));
    }
  }
  workgroupBarrier();
  if (lane < params.channels) {
    equalize(lane);
  }
  workgroupBarrier();
}

// Turns a channel's histogram into a table of levels: as many steps below a level as there are pixels below it for each.
fn equalize(channel: u32) {
  let first = channel * LEVELS;
  var total = 0u;
  // Of the highest level that occurs.
  var last = 0u;
  for (var level = 0u; level < LEVELS; level++) {
    let count = atomicLoad(&histogram[first + level]);
    total += count;
    last = select(last, count, count > 0u);
  }
  let step = (total - last) / 255u;
  var below = step / 2u;
  for (var level = 0u; level < LEVELS; level++) {
    let count = atomicLoad(&histogram[first + level]);
    atomicStore(&histogram[first + level], select(min(below / max(step, 1u), 255u), level, step == 0u));
    below += count;
  }
}

// A channel's level by the operation.
fn level_of(level: f32, channel: u32, operation: u32, argument: f32) -> f32 {
  let low = bitcast<f32>(atomicLoad(&least[channel]));
  let high = bitcast<f32>(atomicLoad(&greatest[channel]));
  let stretched = select(level, (level - low) * 255.0 / max(high - low, 1e-6), high > low);
  let equal = f32(atomicLoad(&histogram[channel * LEVELS + u32(round(level))]));
  let bits = exp2(8.0 - argument);
  var result = select(level, stretched, operation == AUTO_CONTRAST);
  result = select(result, equal, operation == EQUALIZE);
  result = select(result, 255.0 - level, operation == INVERT);
  result = select(result, floor(round(level) / bits) * bits, operation == POSTERIZE);
  result = select(result, 255.0 - level, (operation == SOLARIZE) & (round(level) >= argument));
  result = select(result, min(level + argument, 255.0), (operation == SOLARIZE_ADD) & (round(level) < 128.0));
  return result;
}

fn looked_up(pixel: vec4f, operation: u32, argument: f32) -> vec4f {
  var result = pixel;
  for (var channel = 0u; channel < params.channels; channel++) {
    result[channel] = level_of(clamp(pixel[channel], 0.0, 255.0), channel, operation, argument);
  }
  return result;
}
