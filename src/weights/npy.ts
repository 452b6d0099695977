import { elementCount } from './host-tensor.ts';

/**
 * A matrix or any other array of f32, row-major, as NumPy's file format 1.0 (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
 * Throws when the data are not of the shape.
 */
export function writeNpy(data: Float32Array, shape: readonly number[]): Uint8Array {
  if (data.length !== elementCount(shape))
    throw new Error(`npy: there are ${data.length} elements, and the shape [${shape}] needs ${elementCount(shape)}.`);
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${sizes}), }`;
  // Ten bytes before the text and a line's end after it, all together a multiple of 64.
  const header = `${text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11)}\n`;
  const bytes = new Uint8Array(10 + header.length + data.byteLength);
  bytes.set(new TextEncoder().encode('?NUMPY'));
  bytes.set([0x93]);
  bytes.set([1, 0, header.length & 255, header.length >> 8], 6);
  bytes.set(new TextEncoder().encode(header), 10);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 10 + header.length);
  return bytes;
}
