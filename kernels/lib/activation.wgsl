// What becomes of a value where a kernel stores it: the one place to add an activation to all kernels that fuse one.
// @include lib/relu.wgsl

const RELU: u32 = 0u; // @tune

fn activated(value: Value) -> Value {
  if (RELU == 1u) {
    return relu(value);
  }
  return value;
}
