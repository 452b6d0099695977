import { selfTest } from '../../src/conformance/self_test.ts';
import { modules } from '../../src/gpu/kernel/generated/modules.ts';
import { createLibrary } from '../../src/gpu/kernel/library.ts';
import { createPipelines } from '../../src/gpu/kernel/pipelines.ts';
import { type Diagnosis, diagnose, diagnosisMarkdown } from '../../src/report/diagnosis.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';
import { coinHere, coinOn } from './in_process.ts';

const test = suite('coin doctor');

test('a device is described with its driver and why it was taken, and its kernels are held to float64', async () => {
  const { target } = await testDevice();
  const { code, stdout } = await coinHere('doctor', 'relu', 'softmax', '--json');
  assert.is(code, 0);
  const { adapter, found, features, limits, runtime, selfTest } = JSON.parse(stdout) as Diagnosis;
  assert.match(runtime, /^coin-webgpu \d.* on \w+ \w+$/);
  assert.is(adapter.name, target.name);
  assert.ok(adapter.why !== '' && found.length > 0);
  assert.is(features.find(({ name }) => name === 'subgroups')?.value, target.features.has('subgroups') ? 'yes' : 'no');
  assert.is(limits.length, 5);
  assert.equal(
    selfTest.map(({ op, checks, failures }) => [op, checks >= 2, failures]),
    [
      ['relu', true, []],
      ['softmax', true, []],
    ],
  );
  assert.ok(selfTest[1]?.candidates.includes('scalar'));
});

test('a kernel that is wrong is told, with exit code 1', async () => {
  const device = await testDevice();
  const library = createLibrary();
  const path = 'lib/relu.wgsl';
  library.replaceModule(path, modules[path]!.replace('Value(0.0)', 'Value(0.5)').replace('Value()', 'Value(0.5)'));
  assert.not.equal(library.edited[path], modules[path]);
  const wrong = { ...device, library, pipelines: createPipelines(device.gpu, library) };
  const { code, stdout, stderr } = await coinOn(async () => wrong, 'doctor', 'relu');
  assert.is(code, 1);
  assert.match(stdout, /\n0 of 2 checks passed\.\n/);
  assert.match(stdout, /\n- relu-0 \(default\): output\.y is off by .*, the limit is /);
  assert.match(stderr, /error: 2 checks of kernels failed, as told above\.$/m);
});

test('a self-test that is aborted ends after the check at hand, without the op that this is part of', async () => {
  const told: string[] = [];
  for await (const { op } of selfTest(await testDevice(), ['relu', 'softmax'], AbortSignal.abort())) told.push(op);
  assert.equal(told, []);
});

test('what is missing has its consequence, and what would be faster is named', async () => {
  const device = await testDevice();
  const limits = { ...device.target.limits, maxStorageBufferBindingSize: 2 ** 27 };
  const poor = {
    ...device,
    why: 'it is the only one',
    target: { ...device.target, kind: 'cpu' as const, name: 'SwiftShader', features: new Set<string>(), limits },
  };
  const text = diagnosisMarkdown(diagnose(poor, { runtime: 'here' }));
  assert.match(text, /^# SwiftShader, in here\n/);
  assert.match(text, /- taken because: it is the only one\n/);
  assert.match(text, /\| subgroups \| no \| matrix products and convolutions take kernels without them/);
  assert.match(text, /\| maxStorageBufferBindingSize \| 128 MiB \| no tensor may be larger/);
  assert.match(text, /mesa-vulkan-drivers/);
  assert.not.match(text, /float64/);
  assert.match(
    diagnosisMarkdown(diagnose(poor, { runtime: 'here', found: ['llvmpipe (LLVM 15)'] })),
    /llvmpipe \(LLVM 15\) is here too, and faster/,
  );
  const gpu = { ...device, target: { ...device.target, kind: 'gpu' as const } };
  assert.equal(diagnose(gpu, { runtime: 'here' }).faster, []);
});

test.run();
