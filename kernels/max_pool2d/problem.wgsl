// What both passes of max pooling share: sizes, and what an invocation handles at once: four neighbouring channels, or one.
// @include lib/grid.wgsl

const WORKGROUP: u32 = 64u; // @tune
// Values of a pixel that an invocation takes.
const SPAN: u32 = 1u; // @tune

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

// @if SCALAR
alias Value = f32;
// The place in the window of the maximum of a channel.
alias Place = u32;

fn pack(place: Place) -> u32 {
  return place;
}

fn unpack(word: u32) -> Place {
  return word;
}
// @else
alias Value = vec4f;
// Places in the window of the maxima of four channels, a byte each in memory.
alias Place = vec4u;

fn pack(place: Place) -> u32 {
  return place.x | (place.y << 8u) | (place.z << 16u) | (place.w << 24u);
}

fn unpack(word: u32) -> Place {
  return (vec4u(word) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(255u);
}
// @end
