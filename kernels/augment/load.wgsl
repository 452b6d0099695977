// A pixel of x, by its number in (batch, height, width).
// @needs x params

fn load_pixel(at: u32) -> vec4f {
  var pixel = vec4f();
  for (var channel = 0u; channel < params.channels; channel++) {
    pixel[channel] = x[at * params.channels + channel];
  }
  return pixel;
}
