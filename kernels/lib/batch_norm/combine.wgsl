// The moments of a whole column from the partials that the statistics pass left, the same bits in every workgroup.
fn combine_partials(column: u32, lane: u32) -> Moments {
  var own = Moments(Value(0.0), Value(0.0), 0.0);
  for (var chunk = lane / COLUMN_LANES; chunk < params.partials; chunk += ROW_LANES) {
    let at = 2u * chunk * params.columns + column;
    let count = f32(min(params.partial_rows, params.rows - chunk * params.partial_rows));
    own = merge(own, Moments(partials[at], partials[at + params.columns], count));
  }
  return merge_row_lanes(own, lane);
}
