import { kernels } from '../../src/gpu/kernel/generated.ts';
import type { Kernel } from '../../src/gpu/kernel/kernel.ts';
import { testDevice } from '../device.ts';
import { skip, suite } from '../harness.ts';

// Compilers differ (Dawn in Node and Chromium, naga in Deno), so every kernel has to pass the one of each runtime, also
// where no op would choose it.
const test = suite('kernels compile');

for (const kernel of Object.values<Kernel>({ ...kernels }))
  test(kernel.name, async () => {
    const { pipelines, target, wait } = await testDevice();
    const missing = kernel.features.filter((feature) => !target.features.has(feature));
    if (missing.length > 0) skip(`${target.name} has no ${missing.join(', ')}`);
    await wait(pipelines.get(kernel, {}));
  });

test.run();
