// What the class weights of a row are made of: with PROBABILITIES its row of f32 [rows, columns], else its class, i32 [rows].
// @needs targets

// @if PROBABILITIES
alias Target = f32;

// All rows count.
fn label_of(row: u32) -> u32 {
  return 0u;
}

fn hit_of(at: u32, is_label: bool) -> f32 {
  return targets[at];
}
// @else
alias Target = i32;

fn label_of(row: u32) -> u32 {
  return u32(targets[row]);
}

fn hit_of(at: u32, is_label: bool) -> f32 {
  return select(0.0, 1.0, is_label);
}
// @end
