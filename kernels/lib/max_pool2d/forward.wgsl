const WORKGROUP: u32 = 64u; // @tune
const SPAN: u32 = 1u; // @tune
const SAVE: u32 = 1u; // @tune

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
@group(0) @binding(1) var<storage, read> x: array<Value>;
@group(0) @binding(2) var<storage, read_write> y: array<Value>;
@group(0) @binding(3) var<storage, read_write> places: array<u32>;

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
  let ox = pixel % params.out_width;
  let oy = pixel / params.out_width % params.out_height;
  let image = pixel / params.out_width / params.out_height;
  // The part of the window that is inside the image: at least one pixel, since padding is at most half a window.
  let top = oy * params.stride_h;
  let left = ox * params.stride_w;
  let ky_first = max(params.pad_h, top) - top;
  let kx_first = max(params.pad_w, left) - left;
  let ky_end = min(params.kernel_h, params.height + params.pad_h - top);
  let kx_end = min(params.kernel_w, params.width + params.pad_w - left);
  let origin = (image * params.height + top + ky_first - params.pad_h) * params.width + left + kx_first - params.pad_w;

  let first_column = item % params.spans * SPAN;
  let end_column = min(first_column + SPAN, params.columns);
  for (var column = first_column; column < end_column; column++) {
    var at_row = origin * params.columns + column;
    var largest = x[at_row];
    var place = Place(ky_first * params.kernel_w + kx_first);
    for (var ky = ky_first; ky < ky_end; ky++) {
      var at = at_row;
      for (var kx = kx_first; kx < kx_end; kx++) {
        let value = x[at];
        let larger = value > largest;
        largest = select(largest, value, larger);
        place = select(place, Place(ky * params.kernel_w + kx), larger);
        at += params.columns;
      }
      at_row += params.width * params.columns;
    }
    y[pixel * params.columns + column] = largest;
    if (SAVE == 1u) {
      places[pixel * params.columns + column] = pack(place);
    }
  }
}
