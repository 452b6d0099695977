import { formulaWeight } from '../../src/weights/formula.ts';
import { assert, suite } from '../harness.ts';

const test = suite('formula weights');

// Computed with numpy from the formula; the reference tests also run a whole ResNet-18 on them.
const expected: [string, number[], first: number[], last: number][] = [
  ['bn1.running_var', [64], [0.8606529235839844, 0.9190902709960938, 0.8379565477371216], 1.1050052642822266],
  ['bn1.weight', [64], [0.4760698974132538, 0.416885644197464, 0.5033518075942993], 0.5564674735069275],
  ['bn1.bias', [64], [-0.03910096734762192, -0.09567470848560333, -0.095969058573246], 0.06782957166433334],
  [
    'conv1.weight',
    [64, 3, 7, 7],
    [0.13543720543384552, 0.010525749064981937, 0.12797412276268005],
    -0.13946959376335144,
  ],
];

for (const [name, shape, first, last] of expected) {
  test(name, () => {
    const weight = formulaWeight(name, shape, 7);
    assert.is(
      weight.length,
      shape.reduce((count, size) => count * size),
    );
    assert.equal([...weight.subarray(0, 3)], first);
    assert.is(weight.at(-1), last);
  });
}

test('another salt gives other weights', () => {
  assert.not.equal(formulaWeight('fc.bias', [10], 7), formulaWeight('fc.bias', [10], 8));
});

test.run();
