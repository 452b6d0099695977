// Rotation about the middle of an image, counter-clockwise, in coordinates (row, column) of pixels' corners.

// Sine and cosine, by their series for a quarter of the angle and doubling it twice: WGSL lets sin and cos be off by 5e-4, which moves
// pixels of large images.
fn sine_and_cosine(degrees: f32) -> vec2f {
  let angle = 0.25 * radians(degrees);
  let square = angle * angle;
  let sine = angle * (1.0 - square / 6.0 * (1.0 - square / 20.0 * (1.0 - square / 42.0 * (1.0 - square / 72.0))));
  let cosine = 1.0 - square / 2.0 * (1.0 - square / 12.0 * (1.0 - square / 30.0 * (1.0 - square / 56.0)));
  let half = vec2f(2.0 * sine * cosine, 1.0 - 2.0 * sine * sine);
  return vec2f(2.0 * half.x * half.y, 1.0 - 2.0 * half.x * half.x);
}

// Where in an image of the given size a point of the turned image comes from, for angles of up to 180 degrees.
fn turned(point: vec2f, size: vec2f, degrees: f32) -> vec2f {
  let turn = sine_and_cosine(degrees);
  let own = point - 0.5 * size;
  let moved = vec2f(turn.x * own.y + turn.y * own.x, turn.y * own.y - turn.x * own.x);
  return select(moved + 0.5 * size, point, degrees == 0.0);
}
