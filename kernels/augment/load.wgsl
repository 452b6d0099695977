// A pixel of x, by its number in (batch, height, width); channels that are not there repeat the last one.
// @needs x params

fn load_pixel(number: u32) -> vec4f {
  let at = vec4u(number * params.channels) + min(vec4u(0u, 1u, 2u, 3u), vec4u(params.channels - 1u));
  return vec4f(x[at.x], x[at.y], x[at.z], x[at.w]);
}
