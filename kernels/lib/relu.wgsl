// max(x, 0), and the gradient through it, which its own result tells.
// @needs Value

fn relu(x: Value) -> Value {
  return max(x, Value(0.0));
}

fn relu_gradient(dy: Value, y: Value) -> Value {
  return select(Value(0.0), dy, y > Value(0.0));
}
