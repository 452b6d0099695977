// What the passes of attention in tiles share: a workgroup of THREADS × THREADS invocations takes TILE rows (queries, or keys)
// of one head against TILE others at a time. Invocation (x, y) computes 4×4 of their products, rows 4y against others 4x, and
// of the sums two vec4s of four rows: channels 4x and 4 (THREADS + x). So a head has at most 8 · THREADS channels, DEPTH vec4s.
//
// Workgroup memory: `staged` holds two operands of products, CHUNK channels of each, channel-major in vec4s of four rows; or, after
// that, all channels of one operand of sums, row-major. `weights` holds the factors of sums, other-major in vec4s of four rows.
const THREADS: u32 = 8u; // @tune
const DEPTH: u32 = 16u; // @tune
const TILE: u32 = 4u * THREADS;
const WORKGROUP: u32 = THREADS * THREADS;
const CHUNK: u32 = 4u * THREADS;
const CHUNKS: u32 = (DEPTH + THREADS - 1u) / THREADS;
const OPERAND: u32 = THREADS * CHUNK;

struct Params {
  length: u32,
  heads: u32,
  sequences: u32,
  scale: f32,
  // In vec4s: from one row to the next, one head to the next, one image to the next.
  row: u32,
  head: u32,
  image: u32,
  q_offset: u32,
  k_offset: u32,
  v_offset: u32,
  // The same of y and its gradient.
  y_row: u32,
  y_head: u32,
  y_image: u32,
}

@group(0) @binding(0) var<uniform> params: Params;

var<workgroup> staged: array<vec4f, 2u * OPERAND>;
var<workgroup> weights: array<vec4f, THREADS * TILE>;

// @include lib/grid.wgsl
// @include lib/value.wgsl
// @include lib/nan.wgsl

// What a workgroup computes: rows from `first` on of a sequence, one head of one image. In the grid, which is folded, the tiles of a
// sequence follow each other. Workgroups with a sequence too many have no work.
struct Place {
  sequence: u32,
  first: u32,
}

fn place_of(wid: vec3u, nwg: vec3u) -> Place {
  let tiles = (params.length + TILE - 1u) / TILE;
  let index = workgroup_index(wid, nwg);
  return Place(index / tiles, index % tiles * TILE);
}

// Where a sequence's rows of q, k and v begin but for their offsets, and those of y.
fn sequence_base(sequence: u32) -> u32 {
  return sequence / params.heads * params.image + sequence % params.heads * params.head;
}

fn y_base(sequence: u32) -> u32 {
  return sequence / params.heads * params.y_image + sequence % params.heads * params.y_head;
}

// Four rows from `first` on; the last one stands in for those beyond the end.
fn rows_from(first: u32) -> vec4u {
  return min(vec4u(first) + vec4u(0u, 1u, 2u, 3u), vec4u(params.length - 1u));
}

fn inside(first: u32) -> vec4<bool> {
  return vec4u(first) + vec4u(0u, 1u, 2u, 3u) < vec4u(params.length);
}

// The block that an invocation stages for products: four rows of the tile, one vec4 of the chunk. Neighbours store side by side.
fn product_row(lane: u32) -> u32 {
  return 4u * (lane % THREADS);
}

fn product_column(lane: u32) -> u32 {
  return lane / THREADS;
}

fn stage_products(operand: u32, lane: u32, block: mat4x4f) {
  let turned = transpose(block);
  let at = operand * OPERAND + 4u * (lane / THREADS) * THREADS + lane % THREADS;
  staged[at] = turned[0];
  staged[at + THREADS] = turned[1];
  staged[at + 2u * THREADS] = turned[2];
  staged[at + 3u * THREADS] = turned[3];
}

// The first of two blocks that an invocation stages for sums: four rows, one vec4; the other one is THREADS vec4s to its right.
fn sum_row(lane: u32) -> u32 {
  return 4u * (lane / THREADS);
}

fn sum_column(lane: u32) -> u32 {
  return lane % THREADS;
}

fn stage_sums(half: u32, lane: u32, block: mat4x4f) {
  let at = 8u * (lane / THREADS) * THREADS + half * THREADS + lane % THREADS;
  staged[at] = block[0];
  staged[at + 2u * THREADS] = block[1];
  staged[at + 4u * THREADS] = block[2];
  staged[at + 6u * THREADS] = block[3];
}

// Adds a chunk's products: column j of the result is what rows 4y to 4y + 3 make with the other row 4x + j.
fn add_products(scores: mat4x4f, x: u32, y: u32) -> mat4x4f {
  var sums = scores;
  for (var channel = 0u; channel < CHUNK; channel++) {
    let own = staged[channel * THREADS + y];
    let other = staged[OPERAND + channel * THREADS + x];
    sums[0] += own * other.x;
    sums[1] += own * other.y;
    sums[2] += own * other.z;
    sums[3] += own * other.w;
  }
  return sums;
}

// Leaves factors as add_products numbers them.
fn store_weights(x: u32, y: u32, block: mat4x4f) {
  let at = 4u * x * THREADS + y;
  weights[at] = block[0];
  weights[at + THREADS] = block[1];
  weights[at + 2u * THREADS] = block[2];
  weights[at + 3u * THREADS] = block[3];
}

// Row i of the result is the sum of row 4y + i over the tile's other rows, times their weights; `half` as in stage_sums.
fn add_sums(before: mat4x4f, half: u32, x: u32, y: u32) -> mat4x4f {
  var sums = before;
  for (var other = 0u; other < TILE; other++) {
    let factor = weights[other * THREADS + y];
    let value = staged[other * 2u * THREADS + half * THREADS + x];
    sums[0] += factor.x * value;
    sums[1] += factor.y * value;
    sums[2] += factor.z * value;
    sums[3] += factor.w * value;
  }
  return sums;
}
