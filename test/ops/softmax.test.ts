import { softmax } from '../../src/ops/softmax.ts';
import { goldenCases } from '../golden-cases.ts';
import { suite } from '../harness.ts';
import { checkGolden, checkReference, noise, type Subject } from './against.ts';

const test = suite('softmax');

const subject: Subject = {
  op: 'softmax',
  build:
    () =>
    (tape, { x }) => ({ y: softmax(tape, x!) }),
};

for (const candidate of ['vec4', 'scalar']) {
  for (const name of goldenCases('softmax')) test(`${name}, ${candidate}`, () => checkGolden(subject, name, candidate));
  for (const shape of [
    [1, 1],
    [70, 8],
    [2, 3, 5],
    [2, 300],
  ])
    test(`against float64: [${shape}], ${candidate}`, () =>
      checkReference(subject, {}, { x: noise(shape, 1, 0, 3) }, { candidate }));
  test(`far from zero, ${candidate}`, () =>
    checkReference(subject, {}, { x: noise([3, 16], 1, -300, 5) }, { candidate }));
}

test.run();
