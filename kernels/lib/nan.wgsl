// Functions of which a NaN comes out as it went in, as in PyTorch. WGSL's own need not: max may return the other argument, and
// SwiftShader's exp(NaN) is infinite. Only comparisons with other values tell: x != x is folded to false there.
// @needs Value

const LARGEST: f32 = 3.4028234e38;

fn at_least(value: Value, least: Value) -> Value {
  return select(value, least, value < least);
}

fn logarithm(value: Value) -> Value {
  return select(value, log(value), value <= Value(LARGEST));
}

// What is not at most the largest number is infinite, and so is its exponential, or is a NaN.
fn exponential(value: Value) -> Value {
  return select(value, exp(value), value <= Value(LARGEST));
}
