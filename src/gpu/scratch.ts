/**
 * Memory for temporaries, shared by all programs of a device: programs run one after the other on the queue and no
 * temporary outlives a run, so the first program's activations are the next one's too.
 */
export interface Scratch {
  /** A buffer for each size, no buffer twice. */
  take(sizes: readonly number[]): GPUBuffer[];
  /** Bytes of all buffers made so far. */
  readonly bytes: number;
  /** Frees all buffers, once the queue no longer needs them. */
  destroy(): void;
}

export function createScratch(gpu: GPUDevice): Scratch {
  const buffers: GPUBuffer[] = [];
  return {
    take(sizes) {
      const free = new Set(buffers);
      const taken = new Array<GPUBuffer>(sizes.length);
      const largestFirst = sizes.map((size, index) => ({ size, index })).sort((a, b) => b.size - a.size);
      for (const { size, index } of largestFirst) {
        const fitting = [...free].filter((buffer) => buffer.size >= size).sort((a, b) => a.size - b.size)[0];
        const buffer =
          fitting ??
          gpu.createBuffer({ label: 'scratch', size, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC });
        if (!fitting) buffers.push(buffer);
        free.delete(buffer);
        taken[index] = buffer;
      }
      return taken;
    },
    get bytes() {
      return buffers.reduce((sum, buffer) => sum + buffer.size, 0);
    },
    destroy() {
      for (const buffer of buffers.splice(0)) buffer.destroy();
    },
  };
}
