/**
 * Memory for temporaries, shared by all programs of a device: programs run one after the other on the queue and no
 * temporary outlives a run, so the first program's activations are the next one's too. The largest buffer is as large as
 * the largest that any program needs, the second largest as the second largest, and so on: that is all the memory there is.
 */
export interface Scratch {
  /** Sees to it that there is a buffer for each size (in bytes), no buffer twice, until the reservation is released. */
  reserve(sizes: readonly number[]): Reservation;
  /** Bytes of all buffers that there are now. */
  readonly bytes: number;
  /** Frees all buffers, once the queue no longer needs them. */
  destroy(): void;
}

export interface Reservation {
  /**
   * The buffers as they are now, in the order of the sizes: the same array as long as they are the same. One that has
   * become too small or larger than anyone needs was freed, once the queue no longer needed it, and another is in its place.
   */
  buffers(): readonly GPUBuffer[];
  /** Gives the memory back; it is given back too when the reservation is no longer referenced. */
  release(): void;
}

export function createScratch(gpu: GPUDevice): Scratch {
  /** Of each reservation, the largest first. */
  const reserved = new Set<readonly number[]>();
  const buffers: (GPUBuffer | undefined)[] = [];
  const needed = (rank: number) => Math.max(0, ...Array.from(reserved, (sizes) => sizes[rank] ?? 0));
  /** Frees what has not the size that is needed now; what takes its place is made when it is asked for. */
  const fit = (ranks: number) => {
    for (let rank = 0; rank < ranks; rank++) {
      const buffer = buffers[rank];
      if (!buffer || buffer.size === needed(rank)) continue;
      buffer.destroy();
      buffers[rank] = undefined;
    }
  };
  const bufferOf = (rank: number): GPUBuffer => {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const buffer = buffers[rank] ?? gpu.createBuffer({ label: 'scratch', size: needed(rank), usage });
    buffers[rank] = buffer;
    return buffer;
  };
  const release = (sizes: readonly number[]) => {
    if (reserved.delete(sizes)) fit(sizes.length);
  };
  const dropped = new FinalizationRegistry(release);
  return {
    reserve(sizes) {
      const order = sizes.map((_, index) => index).sort((a, b) => (sizes[b] ?? 0) - (sizes[a] ?? 0));
      const own = order.map((index) => sizes[index] ?? 0);
      reserved.add(own);
      fit(own.length);
      let last: readonly GPUBuffer[] | undefined;
      const reservation: Reservation = {
        buffers() {
          const now = new Array<GPUBuffer>(sizes.length);
          for (const [rank, index] of order.entries()) now[index] = bufferOf(rank);
          if (!last || now.some((buffer, index) => buffer !== last?.[index])) last = now;
          return last;
        },
        release: () => release(own),
      };
      dropped.register(reservation, own);
      return reservation;
    },
    get bytes() {
      return buffers.reduce((sum, buffer) => sum + (buffer?.size ?? 0), 0);
    },
    destroy() {
      for (const buffer of buffers.splice(0)) buffer?.destroy();
    },
  };
}
