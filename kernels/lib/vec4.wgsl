// Values of four neighbouring columns.
alias Value = vec4f;

fn horizontal_sum(value: Value) -> f32 {
  return dot(value, vec4f(1.0));
}

fn horizontal_max(value: Value) -> f32 {
  return max(max(value.x, value.y), max(value.z, value.w));
}

fn product_sum(a: Value, b: Value) -> f32 {
  return dot(a, b);
}
