// Mean and sum of squared deviations of a set, which merge without cancellation (Chan, Golub and LeVeque, 1979).
struct Moments {
  mean: Value,
  squares: Value,
  count: f32,
}

fn merge(a: Moments, b: Moments) -> Moments {
  let count = a.count + b.count;
  let share = b.count / max(count, 1.0);
  let delta = b.mean - a.mean;
  return Moments(a.mean + delta * share, a.squares + b.squares + delta * delta * (a.count * share), count);
}

var<workgroup> lane_means: array<Value, WORKGROUP>;
var<workgroup> lane_counts: array<f32, WORKGROUP>;

// The union over the row lanes of a column, always merged in the order of the lanes; every lane gets it.
fn merge_row_lanes(own: Moments, lane: u32) -> Moments {
  if (ROW_LANES == 1u) {
    return own;
  }
  lane_means[lane] = own.mean;
  lane_values[lane] = own.squares;
  lane_counts[lane] = own.count;
  workgroupBarrier();
  var total = Moments(Value(0.0), Value(0.0), 0.0);
  for (var at = lane % COLUMN_LANES; at < WORKGROUP; at += COLUMN_LANES) {
    total = merge(total, Moments(lane_means[at], lane_values[at], lane_counts[at]));
  }
  workgroupBarrier();
  return total;
}
