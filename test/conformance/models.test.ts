// State dicts of networks, and vision transformers from their ops to whole models, as PyTorch, torchvision and timm have them.
import { parseCase } from '../../src/conformance/case.ts';
import { runCase } from '../../src/conformance/runner.ts';
import { testDevice } from '../device.ts';
import { fixture } from '../fixtures.ts';
import { type GoldenOp, goldenCases } from '../golden-cases.ts';
import { assert, suite } from '../harness.ts';

const test = suite('models');

const KINDS: readonly GoldenOp[] = [
  ...(['models/state_dict', 'vit/drop_path', 'vit/layer_norm_small', 'vit/patch_embed'] as const),
  ...(['vit/pos_embed_interpolate', 'vit/vit_block', 'vit/model_vit', 'vit/optim_adamw_layer_decay'] as const),
];

for (const name of KINDS.flatMap(goldenCases))
  test(name, async () => {
    const golden = parseCase(name, await fixture(`test/golden/${name}.safetensors`));
    for await (const { variant, failures } of runCase(await testDevice(), golden)) {
      assert.equal(failures, [], variant);
      // Tests of ops go through the candidates, which would be compiled for each of these cases again.
      break;
    }
  });

test.run();
