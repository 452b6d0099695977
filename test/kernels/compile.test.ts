import * as kernels from '../../src/gpu/kernel/generated/kernels.ts';
import { type Kernel, specialize } from '../../src/gpu/kernel/kernel.ts';
import { checkText } from '../../src/gpu/kernel/pipelines.ts';
import { testDevice } from '../device.ts';
import { assert, skip, suite } from '../harness.ts';
import { variantsOf } from './variants.ts';

// Compilers differ (Dawn in Node and Chromium, naga in Deno), so every kernel has to pass the one of each runtime, also
// where no op would choose it.
const test = suite('kernels compile');

for (const kernel of Object.values<Kernel>({ ...kernels }))
  test(kernel.name, async () => {
    const { gpu, library, pipelines, target, wait } = await testDevice();
    const missing = kernel.features.filter((feature) => !target.features.has(feature));
    if (missing.length > 0) skip(`${target.name} has no ${missing.join(', ')}`);
    await wait(pipelines.get(kernel, {}));
    // Drivers take seconds for all variants; the runtime's own compiler is what differs, and it checks a text at once.
    const composed = library.textOf(kernel);
    for (const constants of variantsOf(kernel, composed.text)) {
      const text = specialize(kernel, composed.text, constants);
      const error = await wait(checkText(gpu, kernel.name, { ...composed, text }));
      assert.is(error?.message, undefined, JSON.stringify(constants));
    }
  });

test.run();
