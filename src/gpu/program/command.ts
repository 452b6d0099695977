import type { Workgroups } from '../kernel/target.ts';

/** A dispatch ready to be encoded. */
export interface Command {
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly workgroups: Workgroups;
}

export function encode(pass: GPUComputePassEncoder, { pipeline, bindGroup, workgroups }: Command): void {
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindGroup);
  pass.dispatchWorkgroups(...workgroups);
}
