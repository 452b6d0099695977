import { recall, remember } from '../../src/gpu/tune/memory.ts';
import type { TextStore } from '../../src/gpu/tune/store.ts';
import { tune } from '../../src/gpu/tune/tune.ts';
import { relu } from '../../src/ops/elementwise.ts';
import { matmul } from '../../src/ops/matmul.ts';
import { softmax } from '../../src/ops/softmax.ts';
import { type Choose, createTape } from '../../src/tape/tape.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';

const test = suite('tune');

const inMemory = (): TextStore & { readonly texts: Map<string, string> } => {
  const texts = new Map<string, string>();
  return {
    texts,
    place: (name) => name,
    read: async (name) => texts.get(name),
    write: async (name, text) => {
      texts.set(name, text);
    },
  };
};

const freshMeasurements = async () => {
  const device = await testDevice();
  const measured = new Map<string, string>();
  return { ...device, measured, target: { ...device.target, measured } };
};

test('every problem is measured in every way worth it, once, and later tapes take the fastest', async () => {
  const device = await freshMeasurements();
  const record = (candidates?: Choose) => {
    const tape = createTape(device.target, { ...(candidates && { candidates }) });
    const a = tape.input('a', [96, 64]);
    const b = tape.input('b', [64, 128]);
    tape.output('y', softmax(tape, matmul(tape, relu(tape, a), b)));
    // Another problem, but the same pipelines.
    tape.output('z', matmul(tape, tape.input('c', [160, 64]), b));
    return tape;
  };
  const asked: string[] = [];
  const tuned = await tune(device, (choose) =>
    record((op, problem, ways, at) => {
      const name = choose(op, problem, ways, at);
      if (op === 'matmul') asked.push(`${problem}: ${name}`);
      return name;
    }),
  );
  assert.is(tuned.length, 2);
  assert.ok(new Set(asked).size > 2, 'only one way was tried');
  for (const { key, best, plainTime, bestTime } of tuned) {
    assert.ok(plainTime > 0);
    assert.ok(bestTime > 0 && bestTime <= plainTime);
    assert.is(device.measured.get(key), best);
  }
  assert.equal(await tune(device, record), []);

  const [{ key } = { key: '' }] = tuned;
  const names: string[] = [];
  const kernelOf = () => record().dispatches.find(({ kernel }) => kernel.name.startsWith('matmul/'))!.kernel.name;
  device.measured.set(key, 'register_scalar 4x4');
  names.push(kernelOf());
  device.measured.set(key, 'naive');
  names.push(kernelOf());
  assert.equal(names, ['matmul/register_scalar', 'matmul/naive']);
});

test('without time, the first two ways are measured and the others counted', async () => {
  const device = await freshMeasurements();
  const asked = new Set<string>();
  const record = (candidates: Choose) => {
    const tape = createTape(device.target, { candidates });
    tape.output('y', matmul(tape, tape.input('a', [96, 64]), tape.input('b', [64, 128])));
    return tape;
  };
  const [all] = await tune(await freshMeasurements(), record);
  const tuned = await tune(
    device,
    (choose) =>
      record((op, problem, ways, at) => {
        const name = choose(op, problem, ways, at);
        if (name !== undefined) asked.add(name);
        return name;
      }),
    { seconds: 0 },
  );
  assert.is(all?.leftOut, 0);
  assert.is(tuned.length, 1);
  assert.is(asked.size, 2);
  assert.ok(tuned[0]!.leftOut > 0, 'there was nothing to leave out');
});

test('what was measured is remembered', async () => {
  const store = inMemory();
  const device = await freshMeasurements();
  device.measured.set('matmul rows=1', 'naive').set('conv2d.dgrad rows=2', 'direct');
  assert.is(await remember(device, store), undefined);
  const later = await freshMeasurements();
  assert.is(await recall(later, store), undefined);
  assert.equal([...later.measured].sort(), [...device.measured].sort());
  const target = { ...later.target, name: 'another adapter' };
  const other = { ...later, target, measured: new Map<string, string>() };
  assert.is(await recall(other, store), undefined);
  assert.is(other.measured.size, 0);
});

test('what is remembered but broken is refused in a sentence, and nothing of it is taken', async () => {
  for (const [broken, why] of [
    ['{"format":2,"choices":', /is no JSON\.$/],
    ['null', /has not the format 2\.$/],
    ['{"format":0,"choices":{}}', /has not the format 2\.$/],
    ['{"format":2,"choices":{"matmul":3}}', /has no choices by name\.$/],
    ['{"format":2}', /has no choices by name\.$/],
  ] as const) {
    const store = inMemory();
    const device = await freshMeasurements();
    await remember(device, store);
    for (const name of store.texts.keys()) store.texts.set(name, broken);
    assert.match((await recall(device, store)) ?? '', why);
    assert.is(device.measured.size, 0);
  }
});

test('a store that fails is told in a sentence', async () => {
  const device = await freshMeasurements();
  const fail = async () => {
    throw new Error('cannot be used');
  };
  const store: TextStore = { place: (name) => name, read: fail, write: fail };
  assert.match(
    (await recall(device, store)) ?? '',
    /^What was measured before is not used: tuned-.*json cannot be used\.$/,
  );
  assert.match((await remember(device, store)) ?? '', /^What was measured is not kept: tuned-.*json cannot be used\.$/);
});

test.run();
