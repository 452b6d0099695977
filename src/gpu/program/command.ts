import type { Workgroups } from '../kernel/target.ts';

/** A dispatch ready to be encoded. */
export interface Command {
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly workgroups: Workgroups;
  /** What it writes, and may read before. */
  readonly writes: readonly Required<GPUBufferBinding>[];
}

/** Encodes commands one after the other in a pass. A pipeline stays set for all that follow each other with it. */
export function encode(
  encoder: GPUCommandEncoder,
  commands: readonly Command[],
  descriptor: GPUComputePassDescriptor = {},
): void {
  const pass = encoder.beginComputePass(descriptor);
  let current: GPUComputePipeline | undefined;
  for (const { pipeline, bindGroup, workgroups } of commands) {
    if (pipeline !== current) pass.setPipeline(pipeline);
    current = pipeline;
    pass.setBindGroup(0, bindGroup);
    pass.dispatchWorkgroups(workgroups[0], workgroups[1], workgroups[2]);
  }
  pass.end();
}
