// A of the forward pass read float by float: any input channels, such as an image's one or three.
@group(0) @binding(1) var<storage, read> x: array<f32>;

// One k seen from four pixels.
fn tap(pixels: Pixels, k: u32) -> vec4f {
  let across = pixels.across + k;
  let inside = across < pixels.end;
  let at = select(vec4u(), pixels.start + across, inside);
  return select(vec4f(), vec4f(x[at.x], x[at.y], x[at.z], x[at.w]), inside);
}

fn a_block(pixels: Pixels, k: u32, depth: u32) -> mat4x4f {
  return transpose(mat4x4f(tap(pixels, 0u), tap(pixels, 1u), tap(pixels, 2u), tap(pixels, 3u)));
}
