// Where a view's pixel goes: as levels to the next kernel, or normalised where `params.normalize` is 1, in the last one.
// @needs y params

// @include augment/pixel.wgsl
// @include augment/write.wgsl

fn store_pixel(number: u32, levels: vec4f) {
  write_pixel(number, select(levels, normalized(levels), params.normalize == 1u));
}
