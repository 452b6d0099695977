import type { Command } from 'commander';
import { mebibytes } from '../gpu/device.ts';
import { requestDevice } from '../node.ts';
import { guarded } from './errors.ts';

export function addDevices(program: Command): void {
  program
    .command('devices')
    .description('tell which WebGPU adapter would be used, why, and what it offers')
    .action(
      guarded(async () => {
        const { description, target } = await requestDevice();
        const { limits, features, kind, subgroupSize } = target;
        console.log(description);
        console.log(`kernels for: ${kind === 'cpu' ? 'a processor (software driver)' : 'a GPU'}`);
        console.log(`features: ${[...features].sort().join(', ')}`);
        if (subgroupSize > 0) console.log(`subgroup size: ${subgroupSize}`);
        console.log(
          `largest buffer: ${mebibytes(limits.maxBufferSize)}, largest binding: ${mebibytes(limits.maxStorageBufferBindingSize)}`,
        );
        console.log(
          `workgroup: ${limits.maxComputeInvocationsPerWorkgroup} invocations, ${limits.maxComputeWorkgroupStorageSize} bytes of memory`,
        );
      }),
    );
}
