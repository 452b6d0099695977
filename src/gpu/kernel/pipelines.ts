import { type Kernel, specialize } from './kernel.ts';

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

export function createPipelines(gpu: GPUDevice): Pipelines {
  const bySource = new Map<string, Promise<Pipeline>>();
  return {
    get(kernel, constants) {
      const source = specialize(kernel, constants);
      let compiling = bySource.get(source);
      if (!compiling) {
        compiling = compile(gpu, kernel, source);
        bySource.set(source, compiling);
      }
      return compiling;
    },
    get size() {
      return bySource.size;
    },
  };
}

async function compile(gpu: GPUDevice, kernel: Kernel, source: string): Promise<Pipeline> {
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
  throw await compileError(kernel, module, error, 'reason' in made ? made.reason : undefined);
}

/** The first compiler message as `kernels/FILE.wgsl:LINE:COLUMN: message`. */
async function compileError(
  kernel: Kernel,
  module: GPUShaderModule,
  error: GPUError | null,
  reason: unknown,
): Promise<Error> {
  const { messages } = await module.getCompilationInfo();
  const first = messages.find((message) => message.type === 'error');
  const where = `kernels/${kernel.name}.wgsl`;
  if (first)
    return new Error(`${where}:${first.lineNum}:${first.linePos}: ${first.message}`, { cause: reason ?? error });
  const why = error?.message ?? (reason instanceof Error ? reason.message : String(reason));
  return new Error(`${where} does not compile: ${why}`, { cause: reason ?? error });
}
