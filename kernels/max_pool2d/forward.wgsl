// Max pooling: y = the maximum of x over each window, places = where in the window it is (row-major, the first of equals, as
// PyTorch takes it, or the last NaN). Padding never wins. Layout NHWC; columns are channels by Values.
// Scheme: an invocation takes SPAN neighbouring Values of an output pixel. Traffic: x, y and places once, the overlap of
// windows from cache; bound by bandwidth.
// Channels are taken by fours, a multiple of 4, and windows have at most 256 pixels; with SCALAR one by one, any of both.
//
// @kernel forward
// @kernel forward_scalar SCALAR
// @include max_pool2d/problem.wgsl

const SAVE: u32 = 1u; // @tune

@group(0) @binding(1) var<storage, read> x: array<Value>;
@group(0) @binding(2) var<storage, read_write> y: array<Value>;
@group(0) @binding(3) var<storage, read_write> places: array<u32>;

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
  // The part of the window that is inside the image: at least one pixel, since padding is less than a window.
  let top = oy * params.stride_h;
  let left = ox * params.stride_w;
  let ky_first = max(params.pad_h, top) - top;
  let kx_first = max(params.pad_w, left) - left;
  let ky_end = min(params.kernel_h, params.height + params.pad_h - top);
  let kx_end = min(params.kernel_w, params.width + params.pad_w - left);
  let origin = (image * params.height + top + ky_first - params.pad_h) * params.width + left + kx_first - params.pad_w;

  // A constant of this value is refused.
  var bits = 0x7f800000u;
  let infinity = Value(bitcast<f32>(bits));
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
        // Only a NaN is not at most infinite; a comparison with itself would be folded.
        let larger = (value > largest) | !(value <= infinity);
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
