// The patches of images as rows, what MAE's decoder is to predict: a patch's pixels row by row, channels innermost; with NORMALIZE
//   target = (pixel - mean) / sqrt(variance + 1e-6), with the patch's mean and unbiased variance.
// Layout: images [batch, height, width, channels] (NHWC); target [batch · patches, patch² · channels], patches row by row.
// Scheme: lib/rows.wgsl, a row a patch, two sweeps more to normalise. Traffic: images and target once.
// Source: He et al., arXiv 2111.06377.
//
// @kernel patches

const NORMALIZE: u32 = 0u; // @tune

struct Params {
  // Patches of all images, elements of one, and its height and width.
  rows: u32,
  columns: u32,
  side: u32,
  height: u32,
  width: u32,
  channels: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> images: array<f32>;
@group(0) @binding(2) var<storage, read_write> target_rows: array<f32>;

// @include lib/rows.wgsl

// Where an element of a patch, whose first pixel is at `origin`, is in its image.
fn place_of(origin: u32, element: u32) -> u32 {
  let across = params.side * params.channels;
  return origin + element / across * params.width * params.channels + element % across;
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = workgroup_index(wid, nwg) * ROWS + lane / LANES;
  let inside = min(row, params.rows - 1u);
  let part = lane % LANES;
  let across = params.width / params.side;
  let patches = params.height / params.side * across;
  let place = inside % patches;
  let line = inside / patches * params.height + place / across * params.side;
  let origin = (line * params.width + place % across * params.side) * params.channels;
  var mean = 0.0;
  var factor = 1.0;
  if (NORMALIZE == 1u) {
    var sum = 0.0;
    for (var e = part; e < params.columns; e += LANES) {
      sum += images[place_of(origin, e)];
    }
    mean = sum_lanes(sum, lane) / f32(params.columns);
    var squares = 0.0;
    for (var e = part; e < params.columns; e += LANES) {
      let distance = images[place_of(origin, e)] - mean;
      squares += distance * distance;
    }
    factor = inverseSqrt(sum_lanes(squares, lane) / f32(params.columns - 1u) + 1e-6);
  }
  // Rows beyond the last one get no columns.
  let end = select(0u, params.columns, row < params.rows);
  for (var e = part; e < end; e += LANES) {
    target_rows[row * params.columns + e] = (images[place_of(origin, e)] - mean) * factor;
  }
}
