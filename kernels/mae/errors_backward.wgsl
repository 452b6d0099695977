// The gradient of the mean over hidden rows: dpred = dy · inverse_count · mask · 2 / columns · (pred - target); 0 for the `extra`
// rows before those of each image. Layout: as in mae/errors.wgsl, dpred as pred, whose rows are `rows` here.
// Scheme: lib/rows.wgsl, no reduction. Traffic: pred, target and dpred once.
//
// @kernel errors_backward

struct Params {
  rows: u32,
  columns: u32,
  tokens: u32,
  extra: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> inverse_count: array<f32>;
@group(0) @binding(3) var<storage, read> mask: array<f32>;
@group(0) @binding(4) var<storage, read> pred: array<f32>;
@group(0) @binding(5) var<storage, read> target_rows: array<f32>;
@group(0) @binding(6) var<storage, read_write> dpred: array<f32>;

// @include lib/rows.wgsl

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = workgroup_index(wid, nwg) * ROWS + lane / LANES;
  let inside = min(row, params.rows - 1u);
  let image = inside / (params.tokens + params.extra);
  let token = inside % (params.tokens + params.extra);
  let is_patch = token >= params.extra;
  // Extra rows read the first patch in vain.
  let patch_row = image * params.tokens + select(0u, token - params.extra, is_patch);
  let weight = select(0.0, mask[patch_row], is_patch);
  let factor = dy[0] * inverse_count[0] * weight * 2.0 / f32(params.columns);
  // Rows beyond the last one get no columns.
  let end = select(0u, params.columns, row < params.rows);
  for (var c = lane % LANES; c < end; c += LANES) {
    let at = row * params.columns + c;
    dpred[at] = factor * (pred[at] - target_rows[patch_row * params.columns + c]);
  }
}
