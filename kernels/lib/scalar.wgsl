// Values of one column.
alias Value = f32;

fn horizontal_sum(value: Value) -> f32 {
  return value;
}

fn horizontal_max(value: Value) -> f32 {
  return value;
}

fn product_sum(a: Value, b: Value) -> f32 {
  return a * b;
}
