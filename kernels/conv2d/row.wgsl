// How depthwise kernels read x: a pixel at a time along a row of the image.
@group(0) @binding(1) var<storage, read> x: array<Value>;

// The pixel `column` of the image row that starts at `start`; zero outside the row.
fn x_at(start: u32, column: u32, columns: u32) -> Value {
  let inside = column < params.in_width;
  return select(Value(), x[start + select(0u, column, inside) * columns], inside);
}
