// The rows of a chunk where the groups of a batch are normalised each by itself: params.groups stretches of params.rows rows, one
// after the other, with params.chunks chunks of params.chunk_rows rows each. One group is the whole batch.
// @needs params

struct Rows {
  group: u32,
  first: u32,
  end: u32,
}

// Of a group's first `rows` rows alone.
fn rows_of(chunk: u32, rows: u32) -> Rows {
  let group = chunk / params.chunks;
  let within = chunk % params.chunks * params.chunk_rows;
  let start = group * params.rows;
  return Rows(group, start + within, start + min(within + params.chunk_rows, rows));
}
