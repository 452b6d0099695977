// State dicts of networks, and vision transformers from their ops to whole models, as PyTorch, torchvision and timm have them.
import { parseCase } from '../../src/conformance/case.ts';
import { runCase } from '../../src/conformance/runner.ts';
import { testDevice } from '../device.ts';
import { fixture } from '../fixtures.ts';
import { type GoldenOp, goldenCases } from '../golden-cases.ts';
import { assert, suite } from '../harness.ts';

const test = suite('models');

const KINDS: readonly GoldenOp[] = [];

for (const name of [...goldenCases('models/state_dict').slice(0, 5), ...KINDS.flatMap(goldenCases)])
  test(name, async () => {
    const golden = parseCase(name, await fixture(`test/golden/${name}.safetensors`));
    for await (const { variant, failures } of runCase(await testDevice(), golden)) assert.equal(failures, [], variant);
  });

test.run();
