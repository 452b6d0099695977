// Operations that read other pixels than their own: rotation, shear, translation and sharpness.
// @needs load_pixel each_channel SHARPNESS ROTATE SHEAR_X SHEAR_Y TRANSLATE_X TRANSLATE_Y

// @include augment/turn.wgsl

// Where the point, in (row, column) of pixels' corners, comes from.
fn source_of(point: vec2f, size: vec2f, operation: u32, argument: f32) -> vec2f {
  var moved = point;
  moved += select(vec2f(), argument * vec2f(0.0, point.x), operation == SHEAR_X);
  moved += select(vec2f(), argument * vec2f(point.y, 0.0), operation == SHEAR_Y);
  moved += select(vec2f(), argument * vec2f(0.0, size.y), operation == TRANSLATE_X);
  moved += select(vec2f(), argument * vec2f(size.x, 0.0), operation == TRANSLATE_Y);
  return select(moved, turned(point, size, argument), operation == ROTATE);
}

// The weights of four pixels in a row for a point that lies `part` beyond the second of them.
fn weights(part: f32) -> vec4f {
  let rest = 1.0 - part;
  let cubic = vec4f(
    -part * rest * rest,
    (part - 2.0) * part * part + 1.0,
    (rest - 2.0) * rest * rest + 1.0,
    -rest * part * part,
  );
  return select(vec4f(0.0, rest, part, 0.0), cubic, params.interpolation == 2u);
}

// The value between pixels; the border's pixels go on outside.
fn sampled(start: u32, point: vec2f, size: vec2f) -> vec4f {
  let exact = select(point, floor(point) + 0.5, params.interpolation == 0u) - 0.5;
  let low = floor(exact);
  let rows = weights(exact.x - low.x);
  let columns = weights(exact.y - low.y);
  var sum = vec4f();
  for (var i = 0u; i < 4u; i++) {
    let row = u32(clamp(low.x + f32(i) - 1.0, 0.0, size.x - 1.0));
    for (var j = 0u; j < 4u; j++) {
      let column = u32(clamp(low.y + f32(j) - 1.0, 0.0, size.y - 1.0));
      sum += rows[i] * columns[j] * load_pixel(start + row * params.width + column);
    }
  }
  return clamp(sum, vec4f(), vec4f(255.0));
}

fn sharpened(start: u32, at: u32, row: u32, column: u32, factor: f32) -> vec4f {
  let own = load_pixel(start + at);
  let inner = (row > 0u) & (column > 0u) & (row < params.height - 1u) & (column < params.width - 1u);
  if (!inner) {
    return own;
  }
  var sum = 4.0 * own;
  for (var i = 0u; i < 3u; i++) {
    for (var j = 0u; j < 3u; j++) {
      sum += load_pixel(start + (row + i - 1u) * params.width + column + j - 1u);
    }
  }
  let smooth_pixel = sum / 13.0;
  return clamp(smooth_pixel + factor * (own - smooth_pixel), vec4f(), vec4f(255.0));
}

// What the operation has in a pixel's place, for those that only look at values the pixel itself.
fn fetched(start: u32, at: u32, operation: u32, argument: f32) -> vec4f {
  let row = at / params.width;
  let column = at % params.width;
  if (operation == SHARPNESS) {
    return sharpened(start, at, row, column, argument);
  }
  if (operation < ROTATE) {
    return load_pixel(start + at);
  }
  let size = vec2f(f32(params.height), f32(params.width));
  let point = source_of(vec2f(f32(row), f32(column)) + 0.5, size, operation, argument);
  let inside = all(point >= vec2f()) & all(point < size);
  return select(round(255.0 * params.fill * each_channel(0u)), sampled(start, point, size), inside);
}
