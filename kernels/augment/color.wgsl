// Operations on a pixel's colour alone, in levels.
// @needs BRIGHTNESS CONTRAST SATURATION HUE GRAYSCALE

// Red, green and blue with their hue turned by a part of a turn. The formula for a channel of HSV goes without cases of the hue:
// https://en.wikipedia.org/wiki/HSL_and_HSV#HSV_to_RGB_alternative.
fn turned_hue(pixel: vec4f, turn: f32) -> vec4f {
  let most = max(pixel.x, max(pixel.y, pixel.z));
  let chroma = most - min(pixel.x, min(pixel.y, pixel.z));
  let part = vec3f(pixel.y - pixel.z, pixel.z - pixel.x, pixel.x - pixel.y) / max(chroma, 1e-6);
  // In sixths of a turn, from red.
  let hue = select(select(part.z + 4.0, part.y + 2.0, most == pixel.y), part.x, most == pixel.x);
  let sixths = 6.0 * fract(hue / 6.0 + turn);
  let k = vec3f(5.0, 3.0, 1.0) + sixths;
  let place = k - 6.0 * floor(k / 6.0);
  return vec4f(most - chroma * clamp(min(place, 4.0 - place), vec3f(), vec3f(1.0)), pixel.w);
}

// What a step, (operation, argument), makes of the pixel; operations of other kinds leave it. The image's mean grey is of account for
// contrast alone.
fn colored(step: vec2f, pixel: vec4f, mean_grey: f32, weights: vec4f) -> vec4f {
  let operation = u32(step.x);
  let argument = step.y;
  let grey = vec4f(dot(pixel, weights));
  let own_grey = (operation == SATURATION) | (operation == GRAYSCALE);
  let base = select(select(vec4f(), vec4f(mean_grey), operation == CONTRAST), grey, own_grey);
  let blended = clamp(base + argument * (pixel - base), vec4f(), vec4f(255.0));
  let blends = own_grey | (operation == BRIGHTNESS) | (operation == CONTRAST);
  return select(select(pixel, turned_hue(pixel, argument), operation == HUE), blended, blends);
}
