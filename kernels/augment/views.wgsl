// What was drawn for a view, ROWS vec4s: a kernel computes from these alone, wherever they come from.
// @needs draws

const ROWS: u32 = 10u;

// Top, left, height and width of the part of the image that is seen.
const CROP: u32 = 0u;
// Height and width of the grid that it is resized to; top and left of the view in that.
const GRID: u32 = 1u;
// 1 where mirrored; degrees of rotation; deviation of the blur, 0 without; tries at the crop that failed.
const SINGLE: u32 = 2u;
// Eight pairs (operation, argument), two a row: the last two are those of RandAugment.
const STEPS: u32 = 3u;
// Top, left, height and width of the part of the view that is erased.
const ERASED: u32 = 7u;
// Top, bottom, left and right of the part that comes from the partner.
const CUT: u32 = 8u;
// The view's own share of its other pixels, and of its label.
const SHARES: u32 = 9u;

fn drawn(slot: u32, row: u32) -> vec4f {
  return draws[slot * ROWS + row];
}

fn step_of(slot: u32, step: u32) -> vec2f {
  let pair = drawn(slot, STEPS + step / 2u);
  return select(pair.xy, pair.zw, step % 2u == 1u);
}
