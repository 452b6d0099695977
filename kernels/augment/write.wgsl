// A pixel of y, by its number in (batch, height, width).
// @needs y params

fn write_pixel(number: u32, pixel: vec4f) {
  let at = number * params.channels;
  y[at] = pixel.x;
  if (params.channels > 1u) {
    y[at + 1u] = pixel.y;
  }
  if (params.channels > 2u) {
    y[at + 2u] = pixel.z;
  }
  if (params.channels > 3u) {
    y[at + 3u] = pixel.w;
  }
}
