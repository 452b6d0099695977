// All that is random in a batch of views, and their labels and image numbers.
// Layout: a row of table is an image's byte offset, height, width and label; a view's draws are as in views.wgsl.
// Randomness: number k of slot s is random4(seed, step, s, k), so a view depends on nothing else of its batch; what all views share
// belongs to the slot 2^32 - 1. Numbers of a slot: 0 (mirrored, jittered, grey, blurred), 1 to 10 (area, ratio, top, left)
// of the tries at a crop, 11 the factors of the jitter, 12 (order, deviation of the blur, rotation, erased), 13 (top, left) in the grid,
// 14 and 15, 16 and 17 (operation, applied, sign) and a normal of RandAugment's two, 20 to 29 (area, ratio, top, left) of
// the tries at erasing. Of the batch: 0 (mixed, cut, centre of the cut), 1 to 31 two tries at its share each.
// With GIVEN the numbers come from a tensor, so that cases made elsewhere can be repeated.
// Scheme: an invocation a view. Traffic: nothing to speak of.
// Source: torchvision's RandomResizedCrop and ColorJitter; timm's RandAugment (the "increasing" set), RandomErasing and Mixup.
//
// @kernel draw
// @variant _given GIVEN

const WORKGROUP: u32 = 64u; // @tune
const TRIES: u32 = 10u;
const NUMBERS: u32 = 32u;

struct Params {
  batch: u32,
  // Images of the table.
  count: u32,
  view_height: u32,
  view_width: u32,
  // The grid: this shorter side, or else this height and width.
  grid_shorter: u32,
  grid_height: u32,
  grid_width: u32,
  // 1: the view lies anywhere in the grid; 0: in its middle.
  random_window: u32,
  random_crop: u32,
  scale_low: f32,
  scale_high: f32,
  ratio_low: f32,
  ratio_high: f32,
  // Probabilities, and how far factors go from 1, a hue from 0, an angle from 0.
  flip: f32,
  rotation: f32,
  jitter: f32,
  brightness: f32,
  contrast: f32,
  saturation: f32,
  hue: f32,
  grayscale: f32,
  blur: f32,
  sigma_low: f32,
  sigma_high: f32,
  // RandAugment: how many operations, 0 to 2.
  operations: u32,
  operation_probability: f32,
  level: f32,
  level_deviation: f32,
  erase: f32,
  erase_low: f32,
  erase_high: f32,
  erase_ratio_low: f32,
  erase_ratio_high: f32,
  // The probability of mixing, and of a cut where it happens; the parameters of the shares' beta distributions.
  mix: f32,
  cut: f32,
  mixup_alpha: f32,
  cutmix_alpha: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> table: array<vec4u>;
@group(0) @binding(2) var<storage, read> indices: array<u32>;
@group(0) @binding(4) var<storage, read_write> draws: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> labels: array<i32>;
@group(0) @binding(6) var<storage, read_write> instances: array<i32>;

// @include lib/grid.wgsl
// @include augment/views.wgsl
// @include augment/operations.wgsl

// The slot of what all views of a batch share.
const BATCH: u32 = 0xffffffffu;

// @if GIVEN
// NUMBERS a view, and at the end those of the batch.
@group(0) @binding(3) var<storage, read> numbers: array<vec4f>;

fn number(slot: u32, k: u32) -> vec4f {
  return numbers[min(slot, params.batch) * NUMBERS + k];
}
// @else
// Seed and step.
@group(0) @binding(3) var<storage, read> counter: array<u32>;

// @include augment/random.wgsl

fn number(slot: u32, k: u32) -> vec4f {
  let bits = random4(vec4u(counter[0], counter[1], slot, k));
  return vec4f(uniform01(bits.x), uniform01(bits.y), uniform01(bits.z), uniform01(bits.w));
}
// @end

// Top, left, height and width of a part.
struct Part {
  box: vec4f,
  failed: u32,
}

fn between(low: f32, high: f32, u: f32) -> f32 {
  return low + (high - low) * u;
}

// A whole number from 0 to count - 1.
fn whole(u: f32, count: f32) -> f32 {
  return min(floor(u * count), count - 1.0);
}

// The height and width of a part of the given share of an area and ratio of the second to the first.
fn sides(area: f32, log_ratio: f32) -> vec2f {
  let ratio = exp(log_ratio);
  return round(sqrt(vec2f(area / ratio, area * ratio)));
}

// The largest part of a permitted ratio of width to height, in the middle.
fn central(size: vec2f) -> vec4f {
  let ratio = size.y / size.x;
  let narrow = vec2f(clamp(round(size.y / params.ratio_low), 1.0, size.x), size.y);
  let wide = vec2f(size.x, clamp(round(size.x * params.ratio_high), 1.0, size.y));
  let own = select(select(size, wide, ratio > params.ratio_high), narrow, ratio < params.ratio_low);
  return vec4f(floor((size - own) * 0.5), own);
}

fn crop_of(slot: u32, size: vec2f) -> Part {
  if (params.random_crop == 0u) {
    return Part(vec4f(0.0, 0.0, size), 0u);
  }
  let log_ratio = log(vec2f(params.ratio_low, params.ratio_high));
  var part = Part(central(size), TRIES);
  for (var k = 0u; k < TRIES; k++) {
    let u = number(slot, 1u + k);
    let area = size.x * size.y * between(params.scale_low, params.scale_high, u.x);
    let own = sides(area, between(log_ratio.x, log_ratio.y, u.y));
    let taken = (part.failed == TRIES) & all(own >= vec2f(1.0)) & all(own <= size);
    let corner = vec2f(whole(u.z, size.x - own.x + 1.0), whole(u.w, size.y - own.y + 1.0));
    part.box = select(part.box, vec4f(corner, own), taken);
    part.failed = select(part.failed, k, taken);
  }
  return part;
}

// The part that is erased lies strictly inside of the view; its ratio is of height to width.
fn erased(slot: u32, u: f32) -> vec4f {
  let size = vec2f(f32(params.view_height), f32(params.view_width));
  let log_ratio = log(vec2f(params.erase_ratio_low, params.erase_ratio_high));
  var box = vec4f();
  var open = u < params.erase;
  for (var k = 0u; k < TRIES; k++) {
    let v = number(slot, 20u + k);
    let area = size.x * size.y * between(params.erase_low, params.erase_high, v.x);
    let own = sides(area, between(log_ratio.x, log_ratio.y, v.y)).yx;
    let taken = open & all(own < size);
    let corner = vec2f(whole(v.z, size.x - own.x + 1.0), whole(v.w, size.y - own.y + 1.0));
    box = select(box, vec4f(corner, own), taken);
    open = open & !taken;
  }
  return box;
}

// The grid for a part of the given size, and where the view lies in it.
fn grid_of(slot: u32, size: vec2f) -> vec4f {
  let view = vec2f(f32(params.view_height), f32(params.view_width));
  let shorter = u32(min(size.x, size.y));
  // In whole numbers, because a quotient that is one must not end below it.
  let longer = f32(params.grid_shorter * u32(max(size.x, size.y)) / shorter);
  let kept = vec2f(select(f32(params.grid_shorter), longer, size.x > size.y), select(f32(params.grid_shorter), longer, size.y > size.x));
  let grid = select(vec2f(f32(params.grid_height), f32(params.grid_width)), kept, params.grid_shorter > 0u);
  let u = number(slot, 13u);
  let anywhere = vec2f(whole(u.x, grid.x - view.x + 1.0), whole(u.y, grid.y - view.y + 1.0));
  return vec4f(grid, select(round((grid - view) * 0.5), anywhere, params.random_window == 1u));
}

// U(max(0, 1 - spread), 1 + spread).
fn factor(u: f32, spread: f32) -> f32 {
  return between(max(0.0, 1.0 - spread), 1.0 + spread, u);
}

// Writes the four operations of the jitter in random order, and then grey.
fn jitter(slot: u32, jittered: bool, grey: bool, order: f32) {
  let u = number(slot, 11u);
  let spread = vec4f(params.brightness, params.contrast, params.saturation, params.hue);
  var steps = array<vec2f, 4>(
    vec2f(f32(BRIGHTNESS), factor(u.x, spread.x)),
    vec2f(f32(CONTRAST), factor(u.y, spread.y)),
    vec2f(f32(SATURATION), factor(u.z, spread.z)),
    vec2f(f32(HUE), between(-spread.w, spread.w, u.w)),
  );
  for (var i = 0u; i < 4u; i++) {
    steps[i] = select(vec2f(), steps[i], jittered & (spread[i] > 0.0));
  }
  // One of the 24 orders, by its digits in the factorial system.
  var digits = u32(whole(order, 24.0));
  for (var i = 3u; i > 0u; i--) {
    let other = digits % (i + 1u);
    digits /= i + 1u;
    let moved = steps[i];
    steps[i] = steps[other];
    steps[other] = moved;
  }
  let at = slot * ROWS + STEPS;
  draws[at] = vec4f(steps[0], steps[1]);
  draws[at + 1u] = vec4f(steps[2], steps[3]);
  draws[at + 2u] = vec4f(select(0.0, f32(GRAYSCALE), grey), 0.0, 0.0, 0.0);
}

const CHOICES: u32 = 15u;

// An operation of RandAugment, all 15 with equal chances.
fn choice(u: f32) -> u32 {
  var operations = array<u32, CHOICES>(
    AUTO_CONTRAST, EQUALIZE, INVERT, ROTATE, POSTERIZE, SOLARIZE, SOLARIZE_ADD, SATURATION, CONTRAST, BRIGHTNESS, SHARPNESS,
    SHEAR_X, SHEAR_Y, TRANSLATE_X, TRANSLATE_Y,
  );
  return operations[u32(whole(u, f32(CHOICES)))];
}

// What a level from 0 to 10 means for an operation; `sign` is 1 or -1.
fn argument_of(operation: u32, level: f32, sign: f32) -> f32 {
  let blends = (operation == BRIGHTNESS) | (operation == CONTRAST) | (operation == SATURATION) | (operation == SHARPNESS);
  let shears = (operation == SHEAR_X) | (operation == SHEAR_Y);
  let translates = (operation == TRANSLATE_X) | (operation == TRANSLATE_Y);
  var argument = select(0.0, max(0.1, 1.0 + 0.09 * level * sign), blends);
  argument = select(argument, 3.0 * level * sign, operation == ROTATE);
  argument = select(argument, 0.03 * level * sign, shears);
  argument = select(argument, 0.045 * level * sign, translates);
  argument = select(argument, 4.0 - floor(0.4 * level), operation == POSTERIZE);
  argument = select(argument, 256.0 - floor(25.6 * level), operation == SOLARIZE);
  argument = select(argument, floor(11.0 * level), operation == SOLARIZE_ADD);
  return argument;
}

// Box and Muller, 1958.
fn normal(u: vec2f) -> f32 {
  return sqrt(-2.0 * log(1.0 - u.x)) * cos(6.283185307179586 * u.y);
}

fn rand_augment(slot: u32) {
  var steps = array<vec2f, 2>(vec2f(), vec2f());
  for (var i = 0u; i < 2u; i++) {
    let u = number(slot, 14u + 2u * i);
    let level = clamp(params.level + params.level_deviation * normal(number(slot, 15u + 2u * i).xy), 0.0, 10.0);
    let operation = choice(u.x);
    let applied = (i < params.operations) & (u.y < params.operation_probability);
    let argument = argument_of(operation, level, select(1.0, -1.0, u.z < 0.5));
    steps[i] = select(vec2f(), vec2f(f32(operation), argument), applied);
  }
  draws[slot * ROWS + STEPS + 3u] = vec4f(steps[0], steps[1]);
}

// A share from Beta(alpha, alpha): Jöhnk's method of 1964, for alpha up to 2 or so.
fn beta(alpha: f32) -> f32 {
  var share = 1.0;
  var open = true;
  for (var k = 0u; k < 62u; k++) {
    let u = number(BATCH, 1u + k / 2u);
    let pair = pow(select(u.xy, u.zw, k % 2u == 1u), vec2f(1.0 / alpha));
    let sum = pair.x + pair.y;
    let taken = open & (sum > 0.0) & (sum <= 1.0);
    share = select(share, pair.x / max(sum, 1e-30), taken);
    open = open & !taken;
  }
  return share;
}

// Writes the part of all views that comes from their partners, and their own shares.
fn mixing(slot: u32) {
  let at = slot * ROWS;
  draws[at + CUT] = vec4f();
  draws[at + SHARES] = vec4f(1.0, 1.0, 0.0, 0.0);
  let u = number(BATCH, 0u);
  if (u.x >= params.mix) {
    return;
  }
  if (u.y >= params.cut) {
    draws[at + SHARES] = vec4f(vec2f(beta(params.mixup_alpha)), 0.0, 0.0);
    return;
  }
  let size = vec2f(f32(params.view_height), f32(params.view_width));
  let half = floor(floor(size * sqrt(1.0 - beta(params.cutmix_alpha))) * 0.5);
  let centre = vec2f(whole(u.z, size.x), whole(u.w, size.y));
  let low = clamp(centre - half, vec2f(), size);
  let high = clamp(centre + half, vec2f(), size);
  draws[at + CUT] = vec4f(low.x, high.x, low.y, high.y);
  draws[at + SHARES] = vec4f(1.0, 1.0 - (high.x - low.x) * (high.y - low.y) / (size.x * size.y), 0.0, 0.0);
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let slot = workgroup_index(wid, nwg) * WORKGROUP + lane;
  if (slot >= params.batch) {
    return;
  }
  let image = min(indices[slot], params.count - 1u);
  let size = vec2f(table[image].yz);
  let chance = number(slot, 0u);
  let own = number(slot, 12u);
  let crop = crop_of(slot, size);
  let at = slot * ROWS;
  draws[at + CROP] = crop.box;
  draws[at + GRID] = grid_of(slot, crop.box.zw);
  draws[at + SINGLE] = vec4f(
    select(0.0, 1.0, chance.x < params.flip),
    between(-params.rotation, params.rotation, own.z),
    select(0.0, between(params.sigma_low, params.sigma_high, own.y), chance.w < params.blur),
    f32(crop.failed),
  );
  jitter(slot, chance.y < params.jitter, chance.z < params.grayscale, own.x);
  rand_augment(slot);
  draws[at + ERASED] = erased(slot, own.w);
  mixing(slot);
  labels[slot] = i32(table[image].w);
  instances[slot] = i32(image);
}
