// Views from images of bytes: crop, antialiased resize, window, rotation and flip, as levels or normalised.
// Layout: pixels is images one after the other, each (height, width, channels) in bytes, four a word, the first in the lowest
// bits; a row of table is an image's byte offset, height, width and label; y is (batch, height, width, channels).
// A pixel of the view is one of a grid, to which the crop is resized: mirrored, moved by the window's corner, turned about the
// grid's middle and taken where it lies (black outside). A pixel of the grid with its centre at c in the crop is Σ w v / Σ w over the
// crop's pixels within `support` of c, w = filter(distance / stretch), stretch = max(1, crop / grid), support = stretch, or
// twice that for the bicubic filter (a = -1/2). Resizing happens after cropping: no pixel outside of the crop counts.
// Scheme: an invocation a pixel, rows and columns of its taps in two loops. Traffic: taps come from cache, 4 bytes written a value.
// Source: Pillow's Image.resize, without its rounding to 8 bits between the axes.
//
// @kernel resample

const WORKGROUP: u32 = 64u; // @tune
const BICUBIC: u32 = 0u; // @tune

// Four bytes, the first in the lowest bits.
alias Bytes = u32;

struct Params {
  batch: u32,
  // Images of the table.
  count: u32,
  height: u32,
  width: u32,
  channels: u32,
  normalize: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> pixels: array<Bytes>;
@group(0) @binding(2) var<storage, read> table: array<vec4u>;
@group(0) @binding(3) var<storage, read> indices: array<u32>;
@group(0) @binding(4) var<storage, read> draws: array<vec4f>;
@group(0) @binding(5) var<storage, read> normalization: array<f32>;
@group(0) @binding(6) var<storage, read_write> y: array<f32>;

// @include lib/grid.wgsl
// @include augment/views.wgsl
// @include augment/turn.wgsl
// @include augment/store.wgsl

// The pixels along one axis that count, and how.
struct Taps {
  first: u32,
  end: u32,
  // Distances are (pixel - centre) · reciprocal.
  centre: f32,
  reciprocal: f32,
}

fn taps(position: f32, crop: f32, grid: f32) -> Taps {
  let centre = (position + 0.5) * crop / grid;
  let stretch = max(1.0, crop / grid);
  let support = select(stretch, 2.0 * stretch, BICUBIC == 1u);
  let first = max(floor(centre - support + 0.5), 0.0);
  let end = min(floor(centre + support + 0.5), crop);
  return Taps(u32(first), u32(end), centre - 0.5, 1.0 / stretch);
}

fn weight(own: Taps, pixel: u32) -> f32 {
  let distance = abs((f32(pixel) - own.centre) * own.reciprocal);
  if (BICUBIC == 1u) {
    let near = (1.5 * distance - 2.5) * distance * distance + 1.0;
    let far = ((-0.5 * distance + 2.5) * distance - 4.0) * distance + 2.0;
    return select(select(0.0, far, distance < 2.0), near, distance < 1.0);
  }
  return max(0.0, 1.0 - distance);
}

// Four bytes from any place.
fn bytes_at(at: u32) -> vec4f {
  let shift = 8u * (at % 4u);
  let low = pixels[at / 4u] >> shift;
  let high = (pixels[min(at / 4u + 1u, arrayLength(&pixels) - 1u)] << (24u - shift)) << 8u;
  return vec4f((vec4u(low | high) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(255u));
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
  let slot = at / area;
  let image = table[min(indices[slot], params.count - 1u)];
  let crop = drawn(slot, CROP);
  let grid = drawn(slot, GRID);
  let single = drawn(slot, SINGLE);

  let pixel = vec2f(f32(at % area / params.width), f32(at % params.width));
  let mirrored = vec2f(pixel.x, select(pixel.y, f32(params.width) - 1.0 - pixel.y, single.x == 1.0));
  let place = floor(turned(mirrored + grid.zw + 0.5, grid.xy, single.y));
  let inside = all(place >= vec2f()) & all(place < grid.xy);
  let rows = taps(place.x, crop.z, grid.x);
  let columns = taps(place.y, crop.w, grid.y);

  var sum = vec4f();
  var row_weights = 0.0;
  var column_weights = 0.0;
  let last_row = select(rows.first, rows.end, inside);
  for (var row = rows.first; row < last_row; row++) {
    let line = (u32(crop.x) + row) * image.z + u32(crop.y);
    var own = vec4f();
    column_weights = 0.0;
    for (var column = columns.first; column < columns.end; column++) {
      let share = weight(columns, column);
      own += share * bytes_at(image.x + (line + column) * params.channels);
      column_weights += share;
    }
    let share = weight(rows, row);
    sum += share * own;
    row_weights += share;
  }
  let total = row_weights * column_weights;
  store_pixel(at, clamp(select(vec4f(), sum / total, inside), vec4f(), vec4f(255.0)));
}
