alias Value = f32;
// The place in the window of the maximum of a channel.
alias Place = u32;

fn pack(place: Place) -> u32 {
  return place;
}

fn unpack(word: u32) -> Place {
  return word;
}
