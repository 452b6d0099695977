// What becomes of a column's sum of products where it is stored: act(sum + bias), the one place to add to it for the
// convolutions and for products of matrices. `column` counts Values.
// @needs bias
// @include lib/activation.wgsl

const BIAS: u32 = 0u; // @tune

fn bias_of(column: u32) -> Value {
  if (BIAS == 1u) {
    return Value(bias[column]);
  }
  return Value(0.0);
}
