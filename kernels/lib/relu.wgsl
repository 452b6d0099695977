// max(x, 0), and the gradient through it, which its own result tells. A NaN stays one, and lets gradients through, as in
// PyTorch: comparisons ask for what is not positive.
// @include lib/nan.wgsl

fn relu(x: Value) -> Value {
  return at_least(x, Value(0.0));
}

fn relu_gradient(dy: Value, y: Value) -> Value {
  return select(dy, Value(0.0), y <= Value(0.0));
}
