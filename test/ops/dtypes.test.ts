import { problemCases } from '../../src/conformance/gradcheck.ts';
import { variantsOf } from '../../src/conformance/op_cases.ts';
import { conformanceOps } from '../../src/conformance/ops.ts';
import { problems } from '../../src/conformance/problems.ts';
import type { TypedArray } from '../../src/gpu/device.ts';
import { relu } from '../../src/ops/elementwise.ts';
import { gradients } from '../../src/ops/gradients.ts';
import { createTape } from '../../src/tape/tape.ts';
import type { DType } from '../../src/tape/tensor.ts';
import type { HostTensor } from '../../src/weights/host-tensor.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';

const test = suite('dtypes');

const arrays: Readonly<Record<DType, (count: number) => TypedArray>> = {
  f32: (count) => new Float32Array(count),
  i32: (count) => new Int32Array(count),
  u32: (count) => new Uint32Array(count),
  u8: (count) => new Uint8Array(count),
};
const dtypes = Object.keys(arrays) as DType[];

/** What the problems that are no single op are made of. */
const MADE_OF: Readonly<Record<string, string>> = {
  residual: '(conv2d|gelu)',
  conv_batch_norm: '(conv2d|batch_norm)',
  batch_norm_split: '(batch_norm|permute_rows)',
  info_nce: '(info_nce|l2_normalize)',
  mae_loss: '(masked_error|patch_targets)',
  patch_embed: '(patch_embed|conv2d)',
  permute_rows: '(permute_rows|argsort)',
  restore_rows: '(restore_rows|argsort)',
};

function messageOf(body: () => unknown): string {
  try {
    body();
  } catch (error) {
    return (error as Error).message;
  }
  return '';
}

/** Whole blocks of ops, which golden cases alone are about. */
const BLOCKS = ['vit_block'];

test('every op has a problem', () => {
  assert.equal([...Object.keys(problems), ...BLOCKS].sort(), Object.keys(conformanceOps).sort());
});

for (const op of Object.keys(conformanceOps))
  for (const kind of ['cpu', 'gpu'] as const)
    test(`${op} refuses an input of another dtype, and says what it must be, on a ${kind}`, async () => {
      const target = { ...(await testDevice()).target, kind };
      for (const golden of problemCases(op)) {
        assert.ok(variantsOf(target, { ...golden, grads: {} }).length > 0);
        for (const [name, tensor] of Object.entries(golden.inputs))
          for (const dtype of dtypes) {
            const wanted = tensor.data instanceof Int32Array ? 'i32' : 'f32';
            if (dtype === wanted) continue;
            const inputs = {
              ...golden.inputs,
              [name]: { ...tensor, data: arrays[dtype](tensor.data.length) as HostTensor['data'] },
            };
            const message = messageOf(() => variantsOf(target, { ...golden, inputs, grads: {} }));
            const sentence = new RegExp(
              `^${MADE_OF[op] ?? op}\\b.*: ${name} is ${dtype}\\b.*, but it must be .*\\b${wanted}\\b.*\\.$`,
            );
            assert.match(message, sentence);
          }
      }
    });

test('only f32 is differentiated', async () => {
  for (const dtype of dtypes.filter((other) => other !== 'f32')) {
    const tape = createTape((await testDevice()).target);
    assert.is(
      messageOf(() => tape.input('n', [2], dtype, { requiresGrad: true })),
      `The input n is ${dtype}, but only f32 can require a gradient.`,
    );
    const y = relu(tape, tape.input('x', [2], 'f32', { requiresGrad: true }));
    assert.is(
      messageOf(() => gradients(tape, y, tape.input('dy', [2], dtype))),
      `The upstream gradient is ${dtype}, but it must be f32.`,
    );
  }
});

test.run();
