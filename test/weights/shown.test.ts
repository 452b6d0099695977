import { shown } from '../../src/weights/shown.ts';
import { assert, suite } from '../harness.ts';

const test = suite('values in errors');

test('a value is shown as JSON, cut short where it is long, and as what it is where no JSON holds it', () => {
  const loop: unknown[] = [];
  loop.push(loop);
  const values = [['a"b', 1], 2n ** 64n, undefined, 'x'.repeat(200), loop];
  assert.equal(values.map(shown), [
    '["a\\"b",1]',
    '18446744073709551616',
    'undefined',
    `"${'x'.repeat(99)}…`,
    'an object without end',
  ]);
});

test.run();
