import { existsSync } from 'node:fs';
import { delimiter } from 'node:path';
import { type Driver, findSwiftShader, LOADER, openLibrary } from './swiftshader.node.ts';

/** Which adapter to take: the best there is, only a hardware GPU, or only the software one that comes with npm. */
export type AdapterMode = 'auto' | 'hardware' | 'swiftshader';

export interface NodeAdapter {
  adapter: GPUAdapter;
  /** What was taken and why, for people. */
  why: string;
}

const SOFTWARE = 'software; correct but slow, timings say nothing about a GPU';
/** Variables by which a Vulkan loader finds drivers, from the strongest to the weakest. */
const VULKAN_VARIABLES = ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES', 'VK_ADD_DRIVER_FILES'] as const;
/** Where container runtimes mount a GPU's manifest outside the folders that loaders search. */
const EXTRA_MANIFESTS = ['/usr/local/nvidia/share/vulkan/icd.d/nvidia_icd.json'];

/**
 * Dawn rounds timestamps to 65 microseconds, hides f16 on NVIDIA and hides subgroup matrices, unless told otherwise.
 * SwiftShader's own zeroing of workgroup memory is a store for each float: 16 KiB took 2.2 s to compile, Dawn's loop 0.3 s.
 * Toggles that do not concern an adapter have no effect on it.
 */
const DAWN_FLAGS = [
  'disable-dawn-features=timestamp_quantization,use_vulkan_zero_initialize_workgroup_memory_extension',
  'enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia',
];

/** Dawn crashes when the object that gave an adapter is collected, so all of them are kept. */
const instances: GPU[] = [];

/**
 * Finds a WebGPU adapter through Dawn: a hardware GPU where there is one, else SwiftShader, which npm has installed with
 * this package. Also defines WebGPU's globals, such as GPUBufferUsage.
 * Throws in one sentence when there is no adapter of the wanted kind.
 */
export async function requestNodeAdapter(mode: AdapterMode): Promise<NodeAdapter> {
  if (!['auto', 'hardware', 'swiftshader'].includes(mode))
    throw new Error(`"${mode}" is no adapter: choose auto, hardware or swiftshader.`);
  const webgpu = await loadDawn();
  Object.assign(globalThis, webgpu.globals);

  const request = async (variables: Record<string, string | undefined>): Promise<GPUAdapter | null> => {
    const restore = setEnvironment(variables);
    try {
      const gpu = webgpu.create(DAWN_FLAGS);
      instances.push(gpu);
      return await gpu.requestAdapter({ powerPreference: 'high-performance' });
    } finally {
      restore();
    }
  };

  if (process.platform !== 'linux') return requestSystemAdapter(mode, request);

  const driver = findSwiftShader();
  if (!loadVulkan(driver)) {
    throw new Error(
      'There is no Vulkan loader (libvulkan.so.1) on this system: install the package libvulkan1 and a Vulkan driver.',
    );
  }
  const only = driver && {
    VK_DRIVER_FILES: driver.manifest,
    VK_ICD_FILENAMES: undefined,
    VK_ADD_DRIVER_FILES: undefined,
  };
  if (mode === 'swiftshader') {
    if (!only) throw new Error(`SwiftShader comes only for Linux on x64, but this is Linux on ${process.arch}.`);
    const adapter = await request(only);
    if (adapter) return { adapter, why: `${SOFTWARE}; asked for` };
    throw new Error(
      `SwiftShader does not start from ${driver.manifest}: delete that folder to have it unpacked again.`,
    );
  }
  const added = [
    process.env.VK_ADD_DRIVER_FILES,
    ...EXTRA_MANIFESTS.filter(existsSync),
    mode === 'auto' && driver?.manifest,
  ];
  const adapter =
    (await request({ VK_ADD_DRIVER_FILES: added.filter(Boolean).join(delimiter) || undefined })) ??
    // An old loader does not know VK_ADD_DRIVER_FILES, and a user's VK_DRIVER_FILES may name nothing that works.
    (mode === 'auto' && only ? await request(only) : null);
  return choose(adapter, mode);
}

/** macOS and Windows: Metal and Direct3D are always there, and SwiftShader is not. */
async function requestSystemAdapter(
  mode: AdapterMode,
  request: (variables: Record<string, string | undefined>) => Promise<GPUAdapter | null>,
): Promise<NodeAdapter> {
  if (mode === 'swiftshader')
    throw new Error(`SwiftShader comes only for Linux on x64, but this is ${process.platform}.`);
  return choose(await request({}), mode);
}

function choose(adapter: GPUAdapter | null, mode: AdapterMode): NodeAdapter {
  if (!adapter) {
    throw new Error(
      mode === 'hardware'
        ? 'No hardware GPU was found: no driver on this system offers one to WebGPU.'
        : 'No WebGPU adapter was found: no driver on this system can be used.',
    );
  }
  if (!adapter.info.isFallbackAdapter) return { adapter, why: 'a hardware GPU' };
  if (mode === 'hardware')
    throw new Error(`No hardware GPU was found: only the software adapter ${adapter.info.description} is there.`);
  return { adapter, why: `${SOFTWARE}; no hardware GPU was found` };
}

/** The binary is chosen by platform when the module loads, so an unknown platform shows only then. */
async function loadDawn(): Promise<typeof import('webgpu')> {
  try {
    return await import('webgpu');
  } catch (cause) {
    const here = `${process.platform} on ${process.arch}`;
    throw new Error(`Dawn, which brings WebGPU to Node, does not load on this system (${here}).`, { cause });
  }
}

/** Sets environment variables, which loaders read anew for every instance, and returns what puts them back. */
function setEnvironment(variables: Record<string, string | undefined>): () => void {
  const assign = (values: Record<string, string | undefined>) => {
    for (const [name, value] of Object.entries(values)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
  const before = Object.fromEntries(VULKAN_VARIABLES.map((name) => [name, process.env[name]]));
  assign(variables);
  return () => assign(before);
}

/**
 * Makes sure that a Vulkan loader is in the process: the system's own, else the one that comes with SwiftShader.
 * Dawn opens it by its bare name, which then finds the library that is already loaded.
 */
function loadVulkan(driver: Driver | null): boolean {
  return [LOADER, driver?.loader].some((path) => path !== undefined && openLibrary(path));
}
