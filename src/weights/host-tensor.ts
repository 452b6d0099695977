// Tensors in host memory: what files hold and what is read back from the device.

/** The element types that files may hold, by their safetensors names. */
export type DType = 'F64' | 'F32' | 'F16' | 'BF16' | 'I64' | 'I32' | 'I16' | 'I8' | 'U8' | 'BOOL';

/**
 * The arrays that hold them. F16 and BF16 are kept as their raw 16 bits, because no JavaScript engine has both types;
 * BOOL is one byte, 0 or 1.
 */
export type HostArray =
  | Float64Array
  | Float32Array
  | Uint16Array
  | BigInt64Array
  | Int32Array
  | Int16Array
  | Int8Array
  | Uint8Array;

/**
 * A dense row-major tensor in host memory. `data` has exactly as many elements as `shape` says; a scalar has the shape
 * [].
 */
export interface HostTensor {
  dtype: DType;
  shape: number[];
  data: HostArray;
}

/** A tensor of a file, whose values are read when they are asked for. */
export interface StoredTensor {
  /** As the file says it; not every one is a `DType`. */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Reads the values, dense and row-major. Throws where they cannot be read, or are of a type that is none of `DType`. */
  read(): Promise<HostTensor>;
}

interface ArrayType {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): HostArray;
}

const arrayTypes: Record<DType, ArrayType> = {
  F64: Float64Array,
  F32: Float32Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  I64: BigInt64Array,
  I32: Int32Array,
  I16: Int16Array,
  I8: Int8Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
};

/** Whether a string names an element type. */
export function isDType(name: unknown): name is DType {
  return typeof name === 'string' && Object.hasOwn(arrayTypes, name);
}

/** The array type that holds elements of `dtype`. */
export function arrayType(dtype: DType): ArrayType {
  return arrayTypes[dtype];
}

/** A tensor of little-endian bytes, as many as its shape wants: a view of them where they are aligned, else a copy. */
export function tensorOfBytes(dtype: DType, shape: readonly number[], bytes: Uint8Array): HostTensor {
  const type = arrayTypes[dtype];
  const { buffer, byteOffset } = bytes.byteOffset % type.BYTES_PER_ELEMENT === 0 ? bytes : bytes.slice();
  return { dtype, shape: [...shape], data: new type(buffer, byteOffset, elementCount(shape)) };
}

/** The number of elements of a shape; 1 for the shape [] of a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((count, size) => count * size, 1);
}

/**
 * The elements of a tensor as 32-bit floats, row-major.
 * An F32 tensor's own array is returned, not a copy. F64 and I64 are rounded to the nearest float; BOOL gives 0 and 1.
 */
export function toFloat32(tensor: HostTensor): Float32Array {
  const { dtype, data } = tensor;
  if (data instanceof Float32Array) return data;
  if (data instanceof BigInt64Array) return Float32Array.from(data, Number);
  if (dtype === 'BF16') {
    // A bfloat16 is the upper half of a float.
    const words = Uint32Array.from(data, (bits) => bits << 16);
    return new Float32Array(words.buffer);
  }
  if (dtype === 'F16') return Float32Array.from(data, halfToNumber);
  return Float32Array.from(data);
}

/** Element types of real numbers. */
export type FloatType = 'F64' | 'F32' | 'F16' | 'BF16';

export const isFloatType = (dtype: string): dtype is FloatType => ['F64', 'F32', 'F16', 'BF16'].includes(dtype);

/**
 * A tensor of real numbers as another type, by way of F32: rounded to the nearest, of two equally near to the even one. Values
 * beyond the largest of F16 become infinities. The tensor itself where it is of this type.
 */
export function convertFloat(tensor: HostTensor, dtype: FloatType): HostTensor {
  const { shape } = tensor;
  if (tensor.dtype === dtype) return tensor;
  const values = toFloat32(tensor);
  switch (dtype) {
    case 'F32':
      return { dtype, shape, data: values };
    case 'F64':
      return { dtype, shape, data: Float64Array.from(values) };
    case 'F16':
      return { dtype, shape, data: Uint16Array.from(values, halfOf) };
    case 'BF16': {
      const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
      return { dtype, shape, data: Uint16Array.from(words, bfloatOf) };
    }
  }
}

/** The upper half of a float's bits, rounded; a NaN stays one. */
function bfloatOf(bits: number): number {
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40;
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

/** The 16 bits of the binary16 number nearest to a float. */
function halfOf(value: number): number {
  const sign = Object.is(Math.sign(value), -0) || value < 0 ? 0x8000 : 0;
  if (Number.isNaN(value)) return 0x7e00;
  const magnitude = Math.abs(value);
  // Halfway between the largest number and the one that would follow, which is even.
  if (magnitude >= 65520) return sign | 0x7c00;
  const exponent = Math.max(-14, Math.floor(Math.log2(magnitude)));
  // In units of the last place: 1024 to 2047 for normal numbers, below for subnormal ones; 2048 carries into the exponent.
  const units = roundToEven(magnitude * 2 ** (10 - exponent));
  return sign | (((exponent + 14) << 10) + units);
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

/** The value of an IEEE 754 binary16 number given as its 16 bits. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}
