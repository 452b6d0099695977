import { NULL_BACKEND } from './kernel/target.ts';

/** What a kernel can enable; other features are for rendering. */
const KERNEL_FEATURES = /subgroup|f16/;

/** Dawn crashes when the object that gave an adapter is collected, so it is kept. */
let instance: GPU | undefined;

/**
 * The adapter of Dawn's null backend, which has every feature and computes nothing; `createDevice` refuses it. Also defines
 * WebGPU's globals. Throws where Dawn does not load.
 */
export async function requestNullAdapter(): Promise<GPUAdapter> {
  const webgpu = await import('webgpu');
  Object.assign(globalThis, webgpu.globals);
  instance ??= webgpu.create(['backend=null', 'enable-dawn-features=allow_unsafe_apis']);
  const adapter = await instance.requestAdapter();
  if (adapter?.info.device !== NULL_BACKEND) throw new Error('Dawn offers no null backend.');
  return adapter;
}

/** A device on which kernels can be compiled, and so checked, for hardware that this machine lacks. */
export async function requestNullDevice(): Promise<GPUDevice> {
  const adapter = await requestNullAdapter();
  const { maxComputeInvocationsPerWorkgroup, maxComputeWorkgroupSizeX, maxComputeWorkgroupStorageSize } =
    adapter.limits;
  return adapter.requestDevice({
    requiredFeatures: [...adapter.features].filter((feature) => KERNEL_FEATURES.test(feature)) as GPUFeatureName[],
    requiredLimits: { maxComputeInvocationsPerWorkgroup, maxComputeWorkgroupSizeX, maxComputeWorkgroupStorageSize },
  });
}
