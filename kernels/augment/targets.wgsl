// The classes of mixed views as probabilities: s q(label) + (1 - s) q(partner's label), q = 1 - ε at its class plus ε / classes everywhere.
// Layout: labels [batch], targets [batch, classes]; the partner is as far from the batch's end as the view is from the beginning.
// Scheme: an invocation an element. Traffic: 4 bytes written each.
// Source: timm's mixup_target.
//
// @kernel targets

const WORKGROUP: u32 = 64u; // @tune

struct Params {
  batch: u32,
  classes: u32,
  smoothing: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> labels: array<i32>;
@group(0) @binding(2) var<storage, read> draws: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> targets: array<f32>;

// @include lib/grid.wgsl
// @include augment/views.wgsl

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = workgroup_index(wid, nwg) * WORKGROUP + lane;
  if (at >= params.batch * params.classes) {
    return;
  }
  let slot = at / params.classes;
  let class_number = i32(at % params.classes);
  let share = drawn(slot, SHARES).y;
  let own = select(0.0, share, labels[slot] == class_number);
  let other = select(0.0, 1.0 - share, labels[params.batch - 1u - slot] == class_number);
  targets[at] = (1.0 - params.smoothing) * (own + other) + params.smoothing / f32(params.classes);
}
