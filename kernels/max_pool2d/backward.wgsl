// The gradient of max pooling, as a gather: dx of a pixel is the sum of dy over the windows whose maximum it is, in the order
// of windows, so that nothing is added concurrently. Layout NHWC; columns are channels by Values.
// Scheme: an invocation takes SPAN neighbouring Values of an input pixel. Traffic: dy, places and dx once, the overlap of
// windows from cache; bound by bandwidth.
// Channels are taken by fours, a multiple of 4, and windows have at most 256 pixels; with SCALAR one by one, any of both.
//
// @kernel backward
// @kernel backward_scalar SCALAR
// @include max_pool2d/problem.wgsl

// 1 where windows do not overlap, so that at most one holds a pixel.
const DISJOINT: u32 = 0u; // @tune
const NOWHERE: u32 = 0xffffffffu;

@group(0) @binding(1) var<storage, read> dy: array<Value>;
@group(0) @binding(2) var<storage, read> places: array<u32>;
@group(0) @binding(3) var<storage, read_write> dx: array<Value>;

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
