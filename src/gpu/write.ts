import { BYTES, type DType, elements, showShape, type Tensor } from '../tape/tensor.ts';

const ARRAYS: Readonly<Record<DType, readonly { new (length: number): ArrayBufferView; readonly name: string }[]>> = {
  f32: [Float32Array],
  i32: [Int32Array],
  u32: [Uint32Array],
  u8: [Uint8Array, Uint8ClampedArray],
};

/** Throws unless the data are exactly a tensor's elements: bytes of another type would be taken for its own. */
export function checkData(tensor: Tensor, data: ArrayBufferView): void {
  const { label, dtype, shape } = tensor;
  const wanted = `${label} ${showShape(shape)} takes ${elements(shape)} elements of ${dtype} in a ${ARRAYS[dtype][0]?.name}`;
  const given = Object.prototype.toString.call(data).slice(8, -1);
  if (!ARRAYS[dtype].some((array) => data instanceof array)) throw new Error(`${wanted}, but was given a ${given}.`);
  const count = data.byteLength / BYTES[dtype];
  if (count !== elements(shape)) throw new Error(`${wanted}, but was given ${count}.`);
}

/** `writeBuffer` wants whole words, which bytes of images need not be. */
export function writeBytes(gpu: GPUDevice, buffer: GPUBuffer, offset: number, data: ArrayBufferView): void {
  const { buffer: memory, byteOffset, byteLength: length } = data;
  // Dawn's binding for Node ends the process where it is given memory that threads share, so that is copied.
  const shared = typeof SharedArrayBuffer !== 'undefined' && memory instanceof SharedArrayBuffer;
  const bytes = shared
    ? new Uint8Array(memory, byteOffset, length).slice()
    : new Uint8Array(memory as ArrayBuffer, byteOffset, length);
  const words = bytes.length & ~3;
  if (words > 0) gpu.queue.writeBuffer(buffer, offset, bytes, 0, words);
  if (words < bytes.length) {
    const last = new Uint8Array(4);
    last.set(bytes.subarray(words));
    gpu.queue.writeBuffer(buffer, offset + words, last);
  }
}
