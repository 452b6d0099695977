import { detectRaces, WgslReflect } from 'wgsl_reflect/wgsl_reflect.module.js';
import { OPERATIONS } from '../../src/data/augment/draws.ts';
import * as kernels from '../../src/gpu/kernel/generated/kernels.ts';
import { type Kernel, packUniforms, specialize } from '../../src/gpu/kernel/kernel.ts';
import { createLibrary } from '../../src/gpu/kernel/library.ts';
import { assert, suite } from '../harness.ts';

// Interprets every kernel that waits at a barrier, all invocations of a workgroup in lockstep, and looks for bytes that two
// of them touch between two barriers, one of them writing. Software drivers run invocations in an order that hides such
// races, so no result would show them.
const test = suite('races');

const library = createLibrary();

/** Tiles and workgroups as small as they can be and still be shared by several invocations. */
const CONSTANTS: Readonly<Record<string, number>> = {
  ...{ WORKGROUP: 4, LANES: 2, COLUMN_LANES: 2, ROW_LANES: 2 },
  ...{ ROW_BLOCKS: 2, COLUMN_BLOCKS: 2, THREADS_X: 2, THREADS_Y: 2, K_STEP: 4 },
  ...{ THREADS: 2, DEPTH: 4, NORMALIZE: 1 },
};

/** Problems of a few elements, by family, that still send every invocation through every loop more than once. */
const UNIFORMS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  augment: {
    ...{ batch: 2, height: 3, width: 4, channels: 3, normalize: 1, first: 0, end: 5, interpolation: 1, fill: 1 },
  },
  // Two tiles of 8 rows, of heads with two vec4s more than half of what invocations hold.
  attention: {
    ...{
      length: 11,
      heads: 1,
      sequences: 2,
      scale: 1,
      row: 4,
      head: 4,
      image: 44,
      q_offset: 0,
      k_offset: 0,
      v_offset: 0,
    },
    ...{ y_row: 4, y_head: 4, y_image: 44 },
  },
  batch_norm: {
    ...{ rows: 8, columns: 3, groups: 2, chunk_rows: 4, chunks: 2, partials: 2, partial_rows: 4, sum_rows: 8, sums: 4 },
    ...{ chunk_partials: 2, eps: 1, momentum: 0.1, mean_factor: 1 },
  },
  class_queue: { rows: 8, columns: 5, d: 5, length: 5 },
  contrast: { first: 0, rows: 8, columns: 5, stride: 8, own: 1 },
  // 8 pixels by 8 channels.
  conv2d: {
    ...{ batch: 1, in_height: 2, in_width: 4, in_channels: 8, out_height: 2, out_width: 4, out_channels: 8 },
    ...{ kernel_height: 1, kernel_width: 1, stride_height: 1, stride_width: 1, pad_height: 0, pad_width: 0 },
    ...{ dilation_height: 1, dilation_width: 1, groups: 1, split_pixels: 8, partial_size: 64 },
  },
  cross_entropy: { rows: 8, columns: 5, smoothing: 0.1 },
  delta: { rows: 8, columns: 5 },
  focal_sup_con: { n: 10, over_columns: 0, rows: 8, columns: 10, first: 0, inverse_temperature: 1 },
  key_queue: { rows: 8, d: 5, length: 5 },
  l2_distance: { spans: 4 },
  l2_normalize: { rows: 8, columns: 5, eps: 1 },
  layer_norm: { rows: 8, columns: 5, width: 5, chunk_rows: 4, eps: 1 },
  mae: { rows: 8, columns: 12, side: 2, height: 4, width: 4, channels: 3, tokens: 4, extra: 1, kept: 1 },
  matmul: {
    ...{ m: 16, n: 16, k: 8, inner_count: 1 },
    ...{ a_offset: 0, a_row: 8, a_outer: 0, a_inner: 0 },
    ...{ b_offset: 0, b_row: 16, b_outer: 0, b_inner: 0 },
    ...{ c_offset: 0, c_row: 16, c_outer: 0, c_inner: 0, slices: 1, splits: 1, split_k: 8, partial_size: 256 },
  },
  noise: { count: 10, width: 1 },
  optimizer: { spans: 4, partials: 8, max_norm: 1 },
  queue_contrast: { rows: 8, columns: 5, d: 5, first: 0, length: 5, inverse_temperature: 1 },
  reduce: { rows: 8, columns: 3, chunk_rows: 4, sums: 4, factor: 1 },
  softmax: { rows: 8, columns: 5, factor: 1 },
  sup_con: {
    ...{ n: 10, padded_rows: 12, d: 11, d4: 3, first: 0, rows: 4, quads: 3, merge: 0 },
    ...{ by_count: 0, over_valid: 0, self_positive: 0, scale: 1, inverse_temperature: 1 },
  },
  triplet: { rows: 8, columns: 5, margin: 1 },
};

/** What a family's kernels find in all of their f32, where zeros would send them past their barriers. */
const CONTENTS: Readonly<Record<string, number>> = { augment: OPERATIONS.indexOf('contrast') };

const WORKGROUPS = [2, 2, 1];
/** More than any binding needs. */
const BINDING_BYTES = 8192;
const BARRIER = 'workgroupBarrier();';

for (const kernel of Object.values<Kernel>({ ...kernels })) {
  if (!waits(kernel)) continue;
  test(kernel.name, () => {
    const constants = Object.entries(CONSTANTS).filter(([name]) => name in kernel.constants);
    const code = specialize(kernel, library.textOf(kernel).text, Object.fromEntries(constants));
    assert.equal(racesOf(kernel, code), []);
    // The problem is large enough to show races: without its barriers, the kernel has them.
    assert.ok(racesOf(kernel, code.replaceAll(BARRIER, '')).length > 0, 'races in the kernel without barriers');
  });
}

/** Whether the kernel comes to a barrier, as opposed to including a library that has one in a function it never calls. */
function waits(kernel: Kernel): boolean {
  const source = library.textOf(kernel).text;
  if (!source.includes(BARRIER)) return false;
  const lines = source.split('\n');
  return new WgslReflect(readable(source)).functions.some(
    ({ inUse, startLine, endLine }) =>
      inUse &&
      lines
        .slice(startLine - 1, endLine)
        .join('\n')
        .includes(BARRIER),
  );
}

/** The distinct races between invocations of one workgroup, for people. */
function racesOf(kernel: Kernel, code: string): string[] {
  const [family = ''] = kernel.name.split('/');
  const uniforms = UNIFORMS[family];
  if (!uniforms) throw new Error(`${kernel.name} has a barrier, so this test needs uniforms for the family ${family}`);
  const bindings: Record<string, unknown> = { 0: { uniform: packUniforms(kernel, uniforms) } };
  for (const { binding } of kernel.bindings)
    bindings[binding] = new Float32Array(BINDING_BYTES / 4).fill(CONTENTS[family] ?? 0).buffer;
  const { error } = console;
  // The interpreter complains of values it cannot add up; which bytes a kernel touches does not depend on them.
  console.error = () => {};
  try {
    const { races, errors } = detectRaces(readable(code), 'main', WORKGROUPS, { 0: bindings });
    const seen = races.map(({ a, b }) => `${a.bufferId}: ${a.kind} in line ${a.line}, ${b.kind} in line ${b.line}`);
    return [...new Set([...errors, ...seen])];
  } finally {
    console.error = error;
  }
}

/** The parser takes some words for keywords that WGSL leaves free for names. */
function readable(code: string): string {
  return code.replace(/(?<!storage, )\b(block|read)\b/g, '$1_');
}

test.run();
