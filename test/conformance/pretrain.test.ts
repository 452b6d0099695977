import { parseCase } from '../../src/conformance/case.ts';
import { runCase } from '../../src/conformance/runner.ts';
import { testDevice } from '../device.ts';
import { fixture } from '../fixtures.ts';
import { goldenCases } from '../golden-cases.ts';
import { assert, suite } from '../harness.ts';

const test = suite('pretrain golden cases');

// Candidates of batch norm are tried here; those of matrix products, which compile slowly, with their own cases.
for (const [kind, most] of [
  ['pretrain/batch_norm_split', Number.POSITIVE_INFINITY],
  ['pretrain/moco_loss', 1],
  ['pretrain/moco_momentum', 1],
  ['pretrain/sup_con_variants', 1],
  ['pretrain/mae_mask', 1],
  ['pretrain/mae_loss', 1],
  ['pretrain/sincos_pos_embed', 1],
  ['pretrain/model_mae', 1],
] as const)
  for (const name of goldenCases(kind))
    test(name, async () => {
      const golden = parseCase(name, await fixture(`test/golden/${name}.safetensors`));
      let ran = 0;
      for await (const { variant, failures } of runCase(await testDevice(), golden)) {
        assert.equal(failures, [], variant);
        if (++ran >= most) break;
      }
      assert.ok(ran > 0);
    });

test.run();
