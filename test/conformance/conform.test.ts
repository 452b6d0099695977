import { type Case, parseCase } from '../../src/conformance/case.ts';
import { type CheckpointCase, casesIn, casesOf, conform } from '../../src/conformance/conform.ts';
import type { Tilings } from '../../src/conformance/evaluate.ts';
import { gradcheckCases } from '../../src/conformance/gradcheck.ts';
import { variantsOf } from '../../src/conformance/op_cases.ts';
import type { Device } from '../../src/gpu/device.ts';
import { brokenDevice, testDevice } from '../device.ts';
import { fixture } from '../fixtures.ts';
import { assert, suite } from '../harness.ts';

const test = suite('conformance');

const golden = async (name: string): Promise<Case> => parseCase(name, await fixture(`test/golden/${name}.safetensors`));

/** Without gradients, which would take each candidate through two more pipelines. */
const forwardOf = (whole: Case): Case => ({ ...whole, grads: {}, upstreams: {} });

const outcome = async (cases: readonly (Case | CheckpointCase | Error)[], device?: Device) => {
  const lines: string[] = [];
  const list = async function* () {
    yield* cases;
  };
  const code = await conform(device ?? (await testDevice()), list(), (line) => lines.push(line));
  return { code, lines };
};

test('a case runs once with every candidate that makes a difference', async () => {
  const { target } = await testDevice();
  const variants = variantsOf(target, forwardOf(await golden('conv2d-02'))).map(({ name }) => name);
  for (const name of ['default', 'tile', 'direct']) assert.ok(variants.includes(name), variants.join(', '));
  assert.is(new Set(variants).size, variants.length);
});

test('a candidate runs in all of its tilings, in one by turns, or in its usual one', async () => {
  const { target } = await testDevice();
  const matmuls = await Promise.all(['matmul-00', 'matmul-01', 'matmul-04', 'matmul-05'].map(golden));
  const tilingsOf = (tilings: Tilings) =>
    matmuls.flatMap((whole) =>
      variantsOf(target, forwardOf(whole), { tilings })
        .filter(({ name }) => name.startsWith('tile_scalar'))
        .map(({ recorded }) => JSON.stringify(recorded.tape.dispatches[0]?.constants)),
    );
  assert.ok(tilingsOf('all').length > 3 * matmuls.length);
  for (const some of ['turns', 'usual'] as const) assert.ok(tilingsOf(some).length <= matmuls.length, some);
  assert.ok(new Set(tilingsOf('turns')).size > new Set(tilingsOf('usual')).size);
});

test('a wrong expectation is a failure with tensor, error and limit', async () => {
  const wrong = await golden('relu-00');
  (wrong.grads.x!.data as Float32Array)[3]! += 0.5;
  const { code, lines } = await outcome([wrong]);
  assert.is(code, 1);
  assert.match(lines[0]!, /^relu-00 \(default\): grad\.x is off by 5\.00e-1, the limit is \d/);
  assert.is(lines.at(-1), '0 passed, 1 failed');
});

test('an unknown op, a broken file and no case at all fail', async () => {
  const unknown = await outcome([{ ...(await golden('relu-00')), op: 'telepathy' }]);
  assert.is(unknown.code, 1);
  assert.match(unknown.lines[0]!, /the op telepathy is unknown; known are /);
  assert.equal(await outcome([new Error('x.safetensors is cut off.')]), {
    code: 1,
    lines: ['x.safetensors is cut off.', '0 passed, 1 failed'],
  });
  assert.equal(await outcome([]), { code: 1, lines: ['0 passed, 0 failed'] });
});

test('a gradient check notices a wrong gradient', async () => {
  const [problem] = [...gradcheckCases('gelu')];
  const wrong = problem!.grads.x!.data as Float64Array;
  wrong[5]! += 0.01;
  const { code, lines } = await outcome([problem!]);
  assert.is(code, 1);
  assert.match(lines[0]!, /^gelu-0 \(default\): grad\.x is off by 1\.\d+e-2/);
});

test('gradient checks of an unknown op are refused', () => {
  assert.throws(() => [...gradcheckCases('telepathy')], /There is no op telepathy; there are: matmul, /);
});

test('a mistake in a module that many kernels include is told once, at its line, and the cases by name', async () => {
  const path = 'matmul/problem.wgsl';
  const mistake = '  fn broken() -> f32 { return nowhere; }';
  const { device, line } = await brokenDevice(path, mistake);
  const cases = await Promise.all(['matmul-00', 'matmul-01', 'relu-00'].map(golden));
  const { code, lines } = await outcome(cases, device);
  assert.is(code, 1);
  const [first, ...rest] = lines;
  const [told, source, caret, ...more] = first!.split('\n');
  assert.match(
    told!,
    new RegExp(`^matmul-00 \\(default\\): kernels/${path}:${line}:31: .*nowhere.* \\(in matmul/\\w+\\)$`),
  );
  // The line without its indent of two, below the two columns that every line is moved in.
  assert.equal([source, caret, more], [mistake, '                              ^', []]);
  assert.match(rest[0]!, /^\d+ more failures have a cause that is told above; all cases that fail/);
  assert.is(rest[1], '  matmul-00, matmul-01: every candidate');
  assert.match(rest[2]!, /^[1-9]\d* passed, [1-9]\d* failed$/);
  assert.is(rest.length, 3);
});

test('a candidate that is wrong in many cases is told once, with the cases by name', async () => {
  const wrong = await Promise.all(['softmax-01', 'softmax-02'].map(golden));
  for (const { outputs } of wrong) (outputs[Object.keys(outputs)[0]!]!.data as Float32Array)[0]! += 0.5;
  const { lines } = await outcome([await golden('softmax-00'), ...wrong]);
  const told = lines.filter((line) => / is off by /.test(line));
  assert.ok(told.length > 0 && told.every((line) => line.startsWith('softmax-01 ')), told.join('\n'));
  assert.match(lines.at(-2)!, /^ {2}softmax-01, softmax-02: every candidate$/);
});

test('cases are selected by op', () => {
  const names = ['matmul-00', 'matmul-01', 'model_resnet18', 'optim_sgd-00', 'conv2d-00'];
  const files = [
    ...casesIn({ names: names.map((name) => `${name}.safetensors`), read: async () => new Uint8Array() }),
    ...casesIn({
      names: ['moco_zip.pth', 'byol_zip.pth', 'moco.expected.safetensors'],
      read: async () => new Uint8Array(),
    }),
  ];
  const selected = (...ops: string[]) => casesOf(files, ops).map(({ name }) => name.replace('.safetensors', ''));
  assert.equal(selected('matmul'), ['matmul-00', 'matmul-01']);
  assert.equal(selected('model', 'optim_sgd'), ['model_resnet18', 'optim_sgd-00']);
  assert.equal(selected('checkpoint'), ['moco_zip.pth', 'byol_zip.pth']);
  assert.equal(selected('moco'), ['moco_zip.pth']);
  assert.is(selected().length, 7);
  assert.throws(
    () => selected('matmul', 'conv'),
    'There is no folder and no golden case of the op conv; there are: matmul, model_resnet18, optim_sgd, conv2d, checkpoint.',
  );
});

test('a checkpoint that does not hold what it should is a failure with its name', async () => {
  const names = ['moco_zip.pth.tar', 'refuse_view_legacy.pth', 'moco.expected.safetensors'];
  // Each stands for another one.
  const others: Record<string, string> = {
    'moco_zip.pth.tar': 'simclr_zip.pth',
    'refuse_view_legacy.pth': 'root_zip.pth',
  };
  const read = (name: string) => fixture(`test/golden/checkpoints/${others[name] ?? name}`);
  const cases = await Promise.all(casesIn({ names, read }).map((file) => file.read()));
  const { code, lines } = await outcome(cases);
  assert.is(code, 1);
  assert.match(lines[0]!, /^moco_zip\.pth\.tar \(default\): module\.encoder_q\.\S+ is missing$/);
  assert.ok(
    lines.some((line) => /^refuse_view_legacy\.pth \(default\): read, with /.test(line)),
    lines.join('\n'),
  );
  assert.is(lines.at(-1), '0 passed, 2 failed');
  const right = casesIn({ names, read: (name) => fixture(`test/golden/checkpoints/${name}`) });
  assert.equal((await outcome(await Promise.all(right.map((file) => file.read())))).lines, ['2 passed, 0 failed']);
});

test.run();
