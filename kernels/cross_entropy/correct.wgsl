// correct[0] = the number of rows whose largest logit (the first of equals) is at the row's label.
// Layout: logits [rows, columns], labels i32 [rows]; a label outside of the classes is never right.
// Scheme: one workgroup; an invocation takes every WORKGROUP-th row, one invocation adds up. Traffic: logits once; meant for
// evaluation, where it is nothing beside the forward pass.

const WORKGROUP: u32 = 64u; // @tune

struct Params {
  rows: u32,
  columns: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> logits: array<f32>;
@group(0) @binding(2) var<storage, read> labels: array<u32>;
@group(0) @binding(3) var<storage, read_write> correct: array<u32>;

var<workgroup> counts: array<u32, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(local_invocation_index) lane: u32) {
  var count = 0u;
  for (var row = lane; row < params.rows; row += WORKGROUP) {
    let row_start = row * params.columns;
    var best = 0u;
    var largest = logits[row_start];
    for (var c = 1u; c < params.columns; c++) {
      let value = logits[row_start + c];
      let larger = value > largest;
      best = select(best, c, larger);
      largest = select(largest, value, larger);
    }
    count += select(0u, 1u, best == labels[row]);
  }
  counts[lane] = count;
  workgroupBarrier();
  if (lane == 0u) {
    var total = 0u;
    for (var i = 0u; i < WORKGROUP; i++) {
      total += counts[i];
    }
    correct[0] = total;
  }
}
