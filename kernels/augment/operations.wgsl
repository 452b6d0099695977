// The operations of colour jitter and RandAugment, and what their arguments mean; src/data/augment/draws.ts has the same list.

const NOTHING: u32 = 0u;
// The argument is the factor of a blend with black, the mean grey, the pixel's own grey (1 changes nothing).
const BRIGHTNESS: u32 = 1u;
const CONTRAST: u32 = 2u;
const SATURATION: u32 = 3u;
// A part of a turn.
const HUE: u32 = 4u;
const GRAYSCALE: u32 = 5u;
// A factor: of a blend with the smoothed image.
const SHARPNESS: u32 = 6u;
const AUTO_CONTRAST: u32 = 7u;
const EQUALIZE: u32 = 8u;
const INVERT: u32 = 9u;
// Bits that are kept.
const POSTERIZE: u32 = 10u;
// The level from which on levels are inverted.
const SOLARIZE: u32 = 11u;
// What is added to levels below 128.
const SOLARIZE_ADD: u32 = 12u;
// Degrees, counter-clockwise.
const ROTATE: u32 = 13u;
// Columns a row, rows a column.
const SHEAR_X: u32 = 14u;
const SHEAR_Y: u32 = 15u;
// Parts of the width and of the height.
const TRANSLATE_X: u32 = 16u;
const TRANSLATE_Y: u32 = 17u;
