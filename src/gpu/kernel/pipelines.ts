import { compilerError, firstLine } from './compile_error.ts';
import type { Composed } from './compose.ts';
import { type Kernel, specialize } from './kernel.ts';
import type { Library } from './library.ts';

/** A compiled kernel and the layout of its one bind group. */
export interface Pipeline {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** Compiles kernels, each distinct text once, without blocking the caller. */
export interface Pipelines {
  get(kernel: Kernel, constants: Readonly<Record<string, number>>): Promise<Pipeline>;
  /** How many distinct pipelines were compiled. */
  readonly size: number;
}

export function createPipelines(gpu: GPUDevice, library: Library): Pipelines {
  const bySource = new Map<string, Promise<Pipeline>>();
  return {
    get(kernel, constants) {
      const source = specialize(kernel, library.textOf(kernel).text, constants);
      let compiling = bySource.get(source);
      if (!compiling) {
        compiling = compile(gpu, library, kernel, source);
        bySource.set(source, compiling);
      }
      return compiling;
    },
    get size() {
      return bySource.size;
    },
  };
}

async function compile(gpu: GPUDevice, library: Library, kernel: Kernel, source: string): Promise<Pipeline> {
  const { places } = library.textOf(kernel);
  gpu.pushErrorScope('validation');
  const module = gpu.createShaderModule({ label: kernel.name, code: source });
  const layout = gpu.createBindGroupLayout({
    label: kernel.name,
    entries: [
      ...(kernel.uniforms
        ? [{ binding: 0, visibility: GPUShaderStage.COMPUTE, buffer: { type: 'uniform' as const } }]
        : []),
      ...kernel.bindings.map(({ binding, access }) => ({
        binding,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: access === 'read' ? ('read-only-storage' as const) : ('storage' as const) },
      })),
    ],
  });
  const compiling = gpu.createComputePipelineAsync({
    label: kernel.name,
    layout: gpu.createPipelineLayout({ label: kernel.name, bindGroupLayouts: [layout] }),
    compute: { module, entryPoint: 'main' },
  });
  const scope = gpu.popErrorScope();
  const [made, error] = await Promise.all([
    compiling.then(
      (pipeline) => ({ pipeline }),
      (reason) => ({ reason }),
    ),
    scope,
  ]);
  if ('pipeline' in made && !error) return { pipeline: made.pipeline, layout };
  const cause = ('reason' in made && made.reason) || error;
  const found = await compilerError(module, kernel.name, { text: source, places });
  if (found) throw new Error(found.message, { cause });
  const why = error?.message ?? (cause instanceof Error ? cause.message : String(cause));
  throw new Error(`The kernel ${kernel.name} does not compile: ${firstLine(why)}`, { cause });
}

/** What the compiler has against a text; it takes milliseconds, where a driver that makes code of it takes seconds. */
export async function checkText(
  gpu: GPUDevice,
  kernel: string,
  composed: Pick<Composed, 'text' | 'places'>,
): Promise<Error | undefined> {
  // What is wrong is asked for, and not to be raised as the device's error too.
  gpu.pushErrorScope('validation');
  const module = gpu.createShaderModule({ label: kernel, code: composed.text });
  await gpu.popErrorScope();
  return compilerError(module, kernel, composed);
}
