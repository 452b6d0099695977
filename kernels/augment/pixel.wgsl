// Pixels of up to four channels; channels that are not there are 0 or of no account. Levels are 0 to 255.
// @needs params normalization

// A row of the normalisation: 0 means and 1 reciprocal deviations of values in [0, 1], 2 weights of grey.
fn each_channel(row: u32) -> vec4f {
  var values = vec4f();
  for (var channel = 0u; channel < params.channels; channel++) {
    values[channel] = normalization[row * params.channels + channel];
  }
  return values;
}

fn normalized(levels: vec4f) -> vec4f {
  return (levels / 255.0 - each_channel(0u)) * each_channel(1u);
}
