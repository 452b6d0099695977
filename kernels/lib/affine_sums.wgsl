// Sums over all chunks, the same bits in every workgroup.
struct Sums {
  bias: Value,
  weight: Value,
}

fn combine_sums(column: u32, lane: u32) -> Sums {
  var sum = Value(0.0);
  var products = Value(0.0);
  for (var chunk = lane / COLUMN_LANES; chunk < params.sums; chunk += ROW_LANES) {
    let at = 2u * chunk * params.columns + column;
    sum += sums[at];
    products += sums[at + params.columns];
  }
  return Sums(sum_row_lanes(sum, lane), sum_row_lanes(products, lane));
}
