// What the loss needs of the similarities s_ik = v_i · v_k / temperature, from one strip of them: the largest over k ≠ i and
// Σ exp(s_ik - largest), and the sum and number of those of i's label. A strip is walked twice: for its rows over its
// columns, and, because s is symmetric, for its columns beyond the rows over the rows (BY_COLUMN). Either adds to what
// earlier strips gave.
// Layout: statistics is vec4(largest, sum of exponentials, sum of positives, number of positives) a row of the batch.
// Scheme: LANES invocations share a row (neighbours on neighbouring vec4s), or four columns (neighbours on neighbouring
// columns). Each sweeps its part twice, for the largest, then for the sums; the parts are merged in their order through
// workgroup memory. Software drivers set LANES to 1: then there is no barrier.
// Traffic: the strip twice, the second time from cache.
// Source: Khosla et al., "Supervised Contrastive Learning", arXiv 2004.11362, Eq. 2; how sums of exponentials with different
// shifts are merged is from Milakov and Gimelshein, arXiv 1805.02867.
//
// @kernel statistics

const WORKGROUP: u32 = 64u; // @tune
const LANES: u32 = 32u; // @tune
const BY_COLUMN: u32 = 0u; // @tune
const ITEMS: u32 = WORKGROUP / LANES;

// Stands for the maximum of nothing: below every similarity, yet far from overflow.
const LOWEST: f32 = -1e30;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> s: array<vec4f>;
@group(0) @binding(2) var<storage, read> labels: array<i32>;
// The same labels.
@group(0) @binding(3) var<storage, read> label_quads: array<vec4i>;
@group(0) @binding(4) var<storage, read_write> statistics: array<vec4f>;

// @include lib/grid.wgsl
// @include sup_con/strip.wgsl

// Four statistics: all the largest, all the sums of exponentials, and so on.
var<workgroup> lane_statistics: array<mat4x4f, WORKGROUP>;

fn merged(a: mat4x4f, b: mat4x4f) -> mat4x4f {
  let largest = max(a[0], b[0]);
  return mat4x4f(largest, a[1] * exp(a[0] - largest) + b[1] * exp(b[0] - largest), a[2] + b[2], a[3] + b[3]);
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) nwg: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  // A row, or four columns beyond the square that the strip begins with; past the last they repeat it.
  let found = workgroup_index(wid, nwg) * ITEMS + select(lane / LANES, lane % ITEMS, BY_COLUMN == 1u);
  let part = select(lane % LANES, lane / ITEMS, BY_COLUMN == 1u);
  let items = select(params.rows, params.quads - params.rows / 4u, BY_COLUMN == 1u);
  let item = min(found, items - 1u);
  let length = select(params.quads, params.rows, BY_COLUMN == 1u);
  var row = select(item, part, BY_COLUMN == 1u);
  var quad = select(part, params.rows / 4u + item, BY_COLUMN == 1u);
  let row_step = select(0u, LANES, BY_COLUMN == 1u);
  let quad_step = LANES - row_step;
  let step = row_step * params.quads + quad_step;
  let start = row * params.quads + quad;

  var at = start;
  var i = params.first + row;
  var columns = columns_of(quad);
  var largest = vec4f(LOWEST);
  for (var done = part; done < length; done += LANES) {
    largest = max(largest, select(vec4f(LOWEST), s[at] * params.inverse_temperature, others_of(i, columns)));
    at += step;
    i += row_step;
    columns += 4u * quad_step;
  }

  at = start;
  i = params.first + row;
  columns = columns_of(quad);
  var label_quad = columns.x / 4u;
  var own = mat4x4f(largest, vec4f(), vec4f(), vec4f());
  for (var done = part; done < length; done += LANES) {
    let four = s[at] * params.inverse_temperature;
    let others = others_of(i, columns);
    let positives = positives_of(others, i, columns, labels[min(i, params.n - 1u)], label_quads[label_quad]);
    own[1] += select(vec4f(), exp(four - largest), others);
    own[2] += select(vec4f(), four, positives);
    own[3] += select(vec4f(), vec4f(1.0), positives);
    at += step;
    i += row_step;
    columns += 4u * quad_step;
    label_quad += quad_step;
  }

  if (LANES > 1u) {
    lane_statistics[lane] = own;
    workgroupBarrier();
    if (part == 0u) {
      let apart = select(1u, ITEMS, BY_COLUMN == 1u);
      for (var other = 1u; other < LANES; other++) {
        own = merged(own, lane_statistics[lane + other * apart]);
      }
    }
  }
  if ((part > 0u) | (found >= items)) {
    return;
  }
  if (BY_COLUMN == 1u) {
    let place = params.first + params.rows + 4u * item;
    if (params.merge == 1u) {
      own = merged(
        transpose(mat4x4f(statistics[place], statistics[place + 1u], statistics[place + 2u], statistics[place + 3u])),
        own,
      );
    }
    let four = transpose(own);
    for (var c = 0u; c < 4u; c++) {
      statistics[place + c] = four[c];
    }
  } else {
    // Components belong to one row: each is merged with the one two away, then with its neighbour.
    let halves = merged(own, mat4x4f(own[0].zwxy, own[1].zwxy, own[2].zwxy, own[3].zwxy));
    var whole = merged(halves, mat4x4f(halves[0].yxwz, halves[1].yxwz, halves[2].yxwz, halves[3].yxwz));
    let place = params.first + item;
    if (params.merge == 1u) {
      let earlier = statistics[place];
      whole = merged(mat4x4f(vec4f(earlier.x), vec4f(earlier.y), vec4f(earlier.z), vec4f(earlier.w)), whole);
    }
    statistics[place] = vec4f(whole[0].x, whole[1].x, whole[2].x, whole[3].x);
  }
}
