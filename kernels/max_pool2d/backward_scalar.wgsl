// backward.wgsl for any number of channels, one at a time: see there.

// @include lib/max_pool2d/scalar.wgsl
alias Value = f32;
// The place in the window of the maximum of a channel.
alias Place = u32;

fn pack(place: Place) -> u32 {
  return place;
}

fn unpack(word: u32) -> Place {
  return word;
}
// @end

// @include lib/max_pool2d/backward.wgsl
const WORKGROUP: u32 = 64u; // @tune
const SPAN: u32 = 1u; // @tune
// 1 where windows do not overlap, so that at most one holds a pixel.
const DISJOINT: u32 = 0u; // @tune
const NOWHERE: u32 = 0xffffffffu;

struct Params {
  pixels: u32,
  columns: u32,
  spans: u32,
  height: u32,
  width: u32,
  out_height: u32,
  out_width: u32,
  kernel_h: u32,
  kernel_w: u32,
  stride_h: u32,
  stride_w: u32,
  pad_h: u32,
  pad_w: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<Value>;
@group(0) @binding(2) var<storage, read> places: array<u32>;
@group(0) @binding(3) var<storage, read_write> dx: array<Value>;

// @include lib/grid.wgsl
// Folded grids: a dispatch that needs more workgroups than one dimension may hold (65,535) spreads them over x and y.

// The workgroup's number in x-major order. The last row may run past the count that is needed, so kernels check their
// bounds.
fn workgroup_index(wid: vec3u, nwg: vec3u) -> u32 {
  return wid.x + wid.y * nwg.x;
}
// @end

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let item = workgroup_index(wid, nwg) * WORKGROUP + lane;
  let pixel = item / params.spans;
  if (pixel >= params.pixels) {
    return;
  }
  let right = pixel % params.width + params.pad_w;
  let bottom = pixel / params.width % params.height + params.pad_h;
  let image = pixel / params.width / params.height;
  // The windows that hold the pixel: those that begin at or before it, by less than a window.
  let oy_first = (max(bottom + params.stride_h, params.kernel_h) - params.kernel_h) / params.stride_h;
  let ox_first = (max(right + params.stride_w, params.kernel_w) - params.kernel_w) / params.stride_w;
  let oy_end = min(bottom / params.stride_h + 1u, params.out_height);
  let ox_end = min(right / params.stride_w + 1u, params.out_width);

  let first_column = item % params.spans * SPAN;
  let end_column = min(first_column + SPAN, params.columns);
  if (DISJOINT == 1u) {
    let held = (oy_first < oy_end) & (ox_first < ox_end);
    let place = (bottom - oy_first * params.stride_h) * params.kernel_w + right - ox_first * params.stride_w;
    let here = Place(select(NOWHERE, place, held));
    let window = select(0u, (image * params.out_height + oy_first) * params.out_width + ox_first, held);
    for (var column = first_column; column < end_column; column++) {
      let at = window * params.columns + column;
      dx[pixel * params.columns + column] = select(Value(0.0), dy[at], unpack(places[at]) == here);
    }
    return;
  }
  for (var column = first_column; column < end_column; column++) {
    var sum = Value(0.0);
    for (var oy = oy_first; oy < oy_end; oy++) {
      let place_row = (bottom - oy * params.stride_h) * params.kernel_w;
      var at = ((image * params.out_height + oy) * params.out_width + ox_first) * params.columns + column;
      for (var ox = ox_first; ox < ox_end; ox++) {
        let here = unpack(places[at]) == Place(place_row + right - ox * params.stride_w);
        sum += select(Value(0.0), dy[at], here);
        at += params.columns;
      }
    }
    dx[pixel * params.columns + column] = sum;
  }
}
// @end
