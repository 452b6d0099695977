import type { DType } from '../tape/tensor.ts';

/** What tensors are read back as: f32, i32, u32 and u8. */
export type TypedArray =
  | Float32Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>;

/** A mappable buffer from a ring: copied into by an encoder, then read. */
export interface Staging {
  readonly buffer: GPUBuffer;
  /** Waits for the copy and returns its bytes, the same ones each time; the buffer goes back to the ring at the first. */
  read(): Promise<ArrayBuffer>;
}

/** Buffers for reading back, used again and again; one that is never read is simply not used again. */
export interface StagingRing {
  take(bytes: number): Staging;
}

export function createStagingRing(
  gpu: GPUDevice,
  wait: <T>(promise: Promise<T>) => Promise<T>,
  check: () => void,
): StagingRing {
  const free: GPUBuffer[] = [];
  return {
    take(bytes) {
      // A buffer far larger than needed is left for those who need it.
      const index = free.findIndex(({ size }) => size >= bytes && size <= 4 * bytes + 4096);
      const [reused] = index >= 0 ? free.splice(index, 1) : [];
      const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
      const buffer = reused ?? gpu.createBuffer({ label: 'staging', size: bytes, usage });
      const readOnce = async () => {
        check();
        const mapped = buffer.mapAsync(GPUMapMode.READ, 0, bytes).catch((cause) => {
          check();
          throw new Error('Results could not be read back from the GPU.', { cause });
        });
        await wait(mapped);
        const copy = buffer.getMappedRange(0, bytes).slice(0);
        buffer.unmap();
        free.push(buffer);
        check();
        return copy;
      };
      let reading: Promise<ArrayBuffer> | undefined;
      return {
        buffer,
        read() {
          reading ??= readOnce();
          return reading;
        },
      };
    },
  };
}

/** `bytes` as the elements of `dtype`. */
export function view(bytes: ArrayBuffer, dtype: DType, count: number): TypedArray {
  switch (dtype) {
    case 'f32':
      return new Float32Array(bytes, 0, count);
    case 'i32':
      return new Int32Array(bytes, 0, count);
    case 'u32':
      return new Uint32Array(bytes, 0, count);
    case 'u8':
      return new Uint8Array(bytes, 0, count);
  }
}
