import { createDevice } from '../../src/gpu/device.ts';
import * as kernels from '../../src/gpu/kernel/generated/kernels.ts';
import type { Kernel } from '../../src/gpu/kernel/kernel.ts';
import { createLibrary } from '../../src/gpu/kernel/library.ts';
import { checkText, createPipelines } from '../../src/gpu/kernel/pipelines.ts';
import { requestNullAdapter, requestNullDevice } from '../../src/gpu/null.node.ts';
import { assert, suite } from '../harness.ts';
import { variantsOf } from './variants.ts';

// Kernels for hardware that is not here: Dawn's null backend has every feature and compiles what it never runs.
const test = suite('kernels on all hardware');

const library = createLibrary();
const device = requestNullDevice();

for (const kernel of Object.values<Kernel>({ ...kernels }))
  test(`${kernel.name} compiles in every variant`, async () => {
    const gpu = await device;
    const pipelines = createPipelines(gpu, library);
    for (const constants of variantsOf(kernel, library.textOf(kernel).text)) await pipelines.get(kernel, constants);
    assert.ok(kernel.features.every((feature) => gpu.features.has(feature)));
  });

test('what needs tensor cores or f16 is compiled, and its mistakes are found', async () => {
  const gpu = await device;
  const messageOf = async (text: string) => {
    const places = text.split('\n').map((_, index) => ({ path: 'f/own.wgsl', line: index + 1 }));
    return (await checkText(gpu, 'f/own', { text, places }))?.message;
  };
  const matrices = (store: string) => `enable f16;
enable chromium_experimental_subgroup_matrix;
@group(0) @binding(0) var<storage, read> x: array<f16>;
@group(0) @binding(1) var<storage, read_write> y: array<f16>;
@compute @workgroup_size(32) fn main() {
  let a = subgroupMatrixLoad<subgroup_matrix_left<f16, 8, 8>, row_major>(&x, 0, 8);
  ${store}<row_major>(&y, 0, a, 8);
}`;
  assert.is(await messageOf(matrices('subgroupMatrixStore')), undefined);
  const message = await messageOf(matrices('subgroupMatrixSave'));
  assert.match(
    message ?? '',
    /^kernels\/f\/own\.wgsl:7:3: .*subgroupMatrixSave.* \(in f\/own\)\n {2}subgroupMatrixSave<row_major>.*\n {2}\^$/,
  );
});

test('the null backend is refused as a device that computes', async () => {
  const adapter = await requestNullAdapter();
  let refused = '';
  await createDevice(adapter).catch(({ message }: Error) => {
    refused = message;
  });
  assert.match(refused, /null backend, which compiles kernels but computes nothing/);
});

test.run();
