alias Value = vec4f;
// Places in the window of the maxima of four channels, a byte each in memory.
alias Place = vec4u;

fn pack(place: Place) -> u32 {
  return place.x | (place.y << 8u) | (place.z << 16u) | (place.w << 24u);
}

fn unpack(word: u32) -> Place {
  return (vec4u(word) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(255u);
}
