import { assert, suite } from '../harness.ts';
import { coin } from './coin.ts';

const test = suite('coin --runtime');

for (const runtime of ['deno', 'chromium'])
  test(`a command computes in ${runtime}, and ends as it does in Node`, async () => {
    const right = await coin('gradcheck', 'relu', '--runtime', runtime);
    assert.is(right.stdout, '2 passed, 0 failed\n', right.stderr);
    assert.is(right.code, 0);
    const wrong = await coin('gradcheck', 'spline', '--runtime', runtime);
    assert.match(wrong.stderr, /^error: There is no op spline; there are: /);
    assert.is(wrong.code, 1);
  });

test('the runtime is named in reports', async () => {
  for (const [runtime, name] of [
    ['deno', 'Deno'],
    ['chromium', 'Chromium'],
  ] as const) {
    const { stdout } = await coin('doctor', '--no-test', '--json', '--runtime', runtime);
    assert.match((JSON.parse(stdout) as { runtime: string }).runtime, new RegExp(`, ${name} \\d+\\.[\\d.]+ on `));
  }
});

test('another runtime is refused', async () => {
  const { code, stderr } = await coin('demo', '--runtime', 'bun');
  assert.is(code, 1);
  assert.match(stderr, /argument 'bun' is invalid\. Allowed choices are node, deno, chromium\./);
});

test.run();
