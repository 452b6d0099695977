// Where a view's pixel goes: as levels to the next kernel, or normalised where `params.normalize` is 1, in the last one.
// @needs y params

// @include augment/pixel.wgsl

fn store_pixel(at: u32, levels: vec4f) {
  let pixel = select(levels, normalized(levels), params.normalize == 1u);
  for (var channel = 0u; channel < params.channels; channel++) {
    y[at * params.channels + channel] = pixel[channel];
  }
}
