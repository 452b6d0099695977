import { random4, uniform01 } from '../../src/data/random.ts';
import { compile } from '../../src/gpu/program/program.ts';
import { uniform } from '../../src/ops/random.ts';
import { createTape } from '../../src/tape/tape.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';

const test = suite('random');

test('the same bits as on the host, apart for streams, seeds and steps', async () => {
  const device = await testDevice();
  const tape = createTape(device.target);
  const counter = tape.input('counter', [2], 'u32');
  for (const stream of [7, 0x80000001]) tape.output(`${stream}`, uniform(tape, counter, [3, 15], stream));
  const program = await compile(device, tape);
  for (const [seed, step] of [
    [42, 0],
    [42, 9],
    [3, 9],
  ] as const) {
    const read = await program.run({ counter: Uint32Array.of(seed, step) }, [...tape.outputs.keys()]).read();
    for (const stream of [7, 0x80000001]) {
      const want = Array.from({ length: 45 }, (_, i) => uniform01(random4(seed, step, i >> 2, stream)[i % 4]!));
      assert.equal([...read[`${stream}`]!], want);
    }
  }
});

test.run();
