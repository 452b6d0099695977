// Pixels of up to four channels; channels that are not there are of no account, and weigh nothing in grey. Levels are 0 to 255.
// @needs params normalization

// A row of the normalisation: 0 means and 1 reciprocal deviations of values in [0, 1], 2 weights of grey.
fn each_channel(row: u32) -> vec4f {
  let last = params.channels - 1u;
  let at = vec4u(row * params.channels) + min(vec4u(0u, 1u, 2u, 3u), vec4u(last));
  let values = vec4f(normalization[at.x], normalization[at.y], normalization[at.z], normalization[at.w]);
  return select(vec4f(), values, vec4u(0u, 1u, 2u, 3u) <= vec4u(last));
}

fn normalized(levels: vec4f) -> vec4f {
  return (levels / 255.0 - each_channel(0u)) * each_channel(1u);
}
