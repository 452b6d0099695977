import { NULL_BACKEND } from './kernel/target.ts';

/** Dawn crashes when the object that gave an adapter is collected, so it is kept. */
let instance: GPU | undefined;

/**
 * A device that has every feature, compiles and validates kernels, and computes nothing: Dawn's null backend. With it a
 * kernel for hardware that this machine lacks can be checked. `createDevice` refuses its adapter. Also defines WebGPU's
 * globals. Throws where Dawn does not load.
 */
export async function requestNullDevice(): Promise<GPUDevice> {
  const webgpu = await import('webgpu');
  Object.assign(globalThis, webgpu.globals);
  instance ??= webgpu.create(['backend=null', 'enable-dawn-features=allow_unsafe_apis']);
  const adapter = await instance.requestAdapter();
  if (adapter?.info.device !== NULL_BACKEND) throw new Error('Dawn offers no null backend.');
  const { maxComputeInvocationsPerWorkgroup, maxComputeWorkgroupSizeX, maxComputeWorkgroupStorageSize } =
    adapter.limits;
  return adapter.requestDevice({
    requiredFeatures: [...adapter.features].filter((feature) => KERNEL_FEATURES.test(feature)) as GPUFeatureName[],
    requiredLimits: { maxComputeInvocationsPerWorkgroup, maxComputeWorkgroupSizeX, maxComputeWorkgroupStorageSize },
  });
}

/** What a kernel can enable; others are for rendering. */
const KERNEL_FEATURES = /subgroup|f16/;
