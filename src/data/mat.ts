// A reader of MATLAB's files of version 5 (written since 1996 and by scipy.io.savemat; those of 7.3 are HDF5), for the labels
// of data sets. The format is that of "MAT-File Format", MathWorks,
// https://www.mathworks.com/help/pdf_doc/matlab/matfile_format.pdf: a header of 128 bytes, then elements of a type, a size and data
// padded to 8 bytes; an array is an element whose data are elements again. Arrays are column-major.
import { inflate } from '../bytes.ts';

interface Sized {
  readonly dims: readonly number[];
}
export interface MatNumbers extends Sized {
  readonly kind: 'numbers';
  readonly values: readonly number[];
}
/** A text; several rows are one after the other. */
export interface MatText extends Sized {
  readonly kind: 'text';
  readonly text: string;
}
export interface MatCell extends Sized {
  readonly kind: 'cell';
  readonly cells: readonly MatValue[];
}
/** An array of structs: a map for each. */
export interface MatStruct extends Sized {
  readonly kind: 'struct';
  readonly elements: readonly ReadonlyMap<string, MatValue>[];
}
/** Objects, functions, sparse and complex numbers, which no data set here has. */
export interface MatOther {
  readonly kind: 'other';
}
export type MatValue = MatNumbers | MatText | MatCell | MatStruct | MatOther;

const HEADER_BYTES = 128;
const MATRIX = 14;
const COMPRESSED = 15;
const CELL_CLASS = 1;
const STRUCT_CLASS = 2;
const CHAR_CLASS = 4;
const NUMERIC_CLASSES = [6, 15];
const COMPLEX = 0x0800;

/** Labels of a data set; more is an attack. */
const LARGEST = 2 ** 28;
const DEEPEST = 16;

type Reader = (view: DataView, at: number) => number;

/** How numbers are stored, by the type of an element. */
const NUMBERS: Readonly<Record<number, readonly [bytes: number, read: Reader]>> = {
  1: [1, (view, at) => view.getInt8(at)],
  2: [1, (view, at) => view.getUint8(at)],
  3: [2, (view, at) => view.getInt16(at, true)],
  4: [2, (view, at) => view.getUint16(at, true)],
  5: [4, (view, at) => view.getInt32(at, true)],
  6: [4, (view, at) => view.getUint32(at, true)],
  7: [4, (view, at) => view.getFloat32(at, true)],
  9: [8, (view, at) => view.getFloat64(at, true)],
  12: [8, (view, at) => Number(view.getBigInt64(at, true))],
  13: [8, (view, at) => Number(view.getBigUint64(at, true))],
};
/** Encodings of text that are no plain code units. */
const ENCODINGS: Readonly<Record<number, string>> = { 16: 'utf-8', 17: 'utf-16le' };

/** An element of a file: its data are `length` bytes at `start`, and the next one is at `end`. */
interface Element {
  readonly type: number;
  readonly start: number;
  readonly length: number;
  readonly end: number;
}

/**
 * The variables of a file by name.
 * Throws one sentence that names the file when it is damaged, of another version, or of a big-endian machine.
 */
export async function readMat(bytes: Uint8Array, name: string): Promise<Map<string, MatValue>> {
  const refuse = (why: string) => new Error(`${name} cannot be read as MATLAB's file of version 5: ${why}.`);
  if (bytes.length < HEADER_BYTES) throw refuse(`it has ${bytes.length} bytes, and the header alone has 128`);
  const order = String.fromCharCode(bytes[126] as number, bytes[127] as number);
  if (order === 'MI') throw refuse('it was written by a big-endian machine');
  if (order !== 'IM')
    throw refuse(bytes[1] === 0x48 ? 'it is an HDF5 file (version 7.3); save it with "-v7"' : 'its header is another');
  const variables = new Map<string, MatValue>();
  for (let at = HEADER_BYTES; at + 8 <= bytes.length; ) {
    const element = elementAt(viewOf(bytes), at, refuse);
    at = element.end;
    let data = bytes.subarray(element.start, element.start + element.length);
    if (element.type === COMPRESSED) {
      // Its only element is in it with type and size.
      data = await inflate(data, 'deflate', LARGEST).catch((cause) => {
        throw new Error(refuse('a compressed part does not unpack').message, { cause });
      });
      const inner = elementAt(viewOf(data), 0, refuse);
      if (inner.type !== MATRIX) continue;
      data = data.subarray(inner.start, inner.start + inner.length);
    } else if (element.type !== MATRIX) continue;
    const { name: variable, value } = readArray(viewOf(data), refuse, 0);
    variables.set(variable, value);
  }
  return variables;
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

type Refuse = (why: string) => Error;

function elementAt(view: DataView, at: number, refuse: Refuse): Element {
  if (at + 8 > view.byteLength) throw refuse('it ends within an element');
  const word = view.getUint32(at, true);
  // The short form has the size in the upper half, and the data in the next word.
  if (word >>> 16 !== 0) {
    const length = word >>> 16;
    if (length > 4) throw refuse(`a short element has ${length} bytes`);
    return { type: word & 0xffff, start: at + 4, length, end: at + 8 };
  }
  const length = view.getUint32(at + 4, true);
  const start = at + 8;
  if (start + length > view.byteLength) throw refuse('an element goes beyond the end');
  // Compressed elements alone are not padded.
  const end = word === COMPRESSED ? start + length : start + Math.ceil(length / 8) * 8;
  return { type: word, start, length, end };
}

/** An array from the data of its element. */
function readArray(view: DataView, refuse: Refuse, depth: number): { name: string; value: MatValue } {
  // An empty array may have no data at all.
  if (view.byteLength === 0) return { name: '', value: { kind: 'numbers', dims: [0, 0], values: [] } };
  if (depth > DEEPEST) throw refuse(`its arrays lie deeper than ${DEEPEST} in one another`);
  let at = 0;
  const next = (): Element => {
    const element = elementAt(view, at, refuse);
    at = element.end;
    return element;
  };
  const numbers = () => numbersOf(view, next(), refuse);
  const inner = (): MatValue => {
    const { type, start, length } = next();
    if (type !== MATRIX) throw refuse(`an element of type ${type} stands in place of an array`);
    return readArray(new DataView(view.buffer, view.byteOffset + start, length), refuse, depth + 1).value;
  };
  const flags = numbers()[0] ?? 0;
  const kind = flags & 0xff;
  const dims = numbers();
  const count = dims.reduce((product, size) => product * size, 1);
  const name = String.fromCharCode(...numbers());
  // Each element of an array takes 8 bytes or more, or is one of numbers, whose own sizes are checked.
  const checkCount = () => {
    if (!(count >= 0 && count * 8 <= view.byteLength)) throw refuse(`an array is too short for ${count} elements`);
  };
  if (kind === CELL_CLASS) {
    checkCount();
    return { name, value: { kind: 'cell', dims, cells: Array.from({ length: count }, inner) } };
  }
  if (kind === STRUCT_CLASS) {
    const width = numbers()[0] ?? 0;
    const names = textOf(view, next(), refuse);
    const fields = Array.from({ length: width > 0 ? Math.floor(names.length / width) : 0 }, (_, i) =>
      names.slice(i * width, (i + 1) * width).replace(/\0.*$/s, ''),
    );
    if (fields.length > 0) checkCount();
    const elements = Array.from(
      { length: fields.length > 0 ? count : 0 },
      () => new Map(fields.map((field) => [field, inner()])),
    );
    return { name, value: { kind: 'struct', dims, elements } };
  }
  if (kind === CHAR_CLASS) return { name, value: { kind: 'text', dims, text: textOf(view, next(), refuse) } };
  if (kind < (NUMERIC_CLASSES[0] as number) || kind > (NUMERIC_CLASSES[1] as number) || (flags & COMPLEX) !== 0)
    return { name, value: { kind: 'other' } };
  const values = numbers();
  if (values.length !== count) throw refuse(`${name || 'an array'} has ${values.length} numbers and not ${count}`);
  return { name, value: { kind: 'numbers', dims, values } };
}

/** The numbers of an element, which may be stored in a smaller type than the array's. */
function numbersOf(view: DataView, { type, start, length }: Element, refuse: Refuse): number[] {
  const stored = NUMBERS[type];
  if (!stored) throw refuse(`an element of type ${type} stands in place of numbers`);
  const [bytes, read] = stored;
  return Array.from({ length: Math.floor(length / bytes) }, (_, i) => read(view, start + i * bytes));
}

function textOf(view: DataView, element: Element, refuse: Refuse): string {
  const encoding = ENCODINGS[element.type];
  if (encoding)
    return new TextDecoder(encoding).decode(
      new Uint8Array(view.buffer, view.byteOffset + element.start, element.length),
    );
  return numbersOf(view, element, refuse)
    .map((unit) => String.fromCharCode(unit))
    .join('');
}
