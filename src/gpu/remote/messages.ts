// What a program that has no WebGPU and a page that has it tell each other: JSON with the bytes that it refers to, in frames.
import { joined } from '../../bytes.ts';

/** A call of a method of one of the page's objects, in the order in which the program made it. */
export interface Call {
  /** The object's number; 0 is `navigator.gpu`. */
  readonly on: number;
  readonly method: string;
  readonly args: readonly unknown[];
  /** The number that the result gets. */
  readonly result?: number;
  /** The number of the answer that the program waits for. */
  readonly answer?: number;
}

/** What the program sends: calls, and the numbers of objects that nobody needs any more. */
export type Order = Call | { readonly drop: readonly number[] };

/** What the page sends. */
export type News =
  | { readonly answer: number; readonly value?: unknown; readonly error?: string }
  /** A device is gone, or has raised an error: a device's number, or all where a call itself threw. */
  | { readonly lost: number; readonly reason: string; readonly message: string }
  | { readonly failed: number | 'all'; readonly name: string; readonly message: string };

/** Stands for an object of the page, and for bytes of the frame. */
const OBJECT = '$object';
const BYTES = '$bytes';

const HEAD = 8;

/** A frame: the lengths of the JSON and of the bytes, then both. `numberOf` tells which values are the page's objects. */
export function encode(
  message: unknown,
  numberOf: (value: object) => number | undefined = () => undefined,
): Uint8Array {
  const parts: Uint8Array[] = [];
  let length = 0;
  const replace = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    const number = numberOf(value);
    if (number !== undefined) return { [OBJECT]: number };
    if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
      const bytes =
        value instanceof ArrayBuffer
          ? new Uint8Array(value)
          : new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
      parts.push(bytes);
      length += bytes.length;
      return { [BYTES]: [length - bytes.length, bytes.length] };
    }
    if (Array.isArray(value)) return value.map(replace);
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, replace(inner)]));
  };
  const json = new TextEncoder().encode(JSON.stringify(replace(message)));
  const head = new DataView(new ArrayBuffer(HEAD));
  head.setUint32(0, json.length);
  head.setUint32(4, length);
  return joined([new Uint8Array(head.buffer), json, ...parts]);
}

/** Takes bytes as they come and gives each message once it is whole. `objectOf` gives the objects that numbers stand for. */
export function decoder(
  objectOf: (number: number) => unknown = () => undefined,
): (bytes: Uint8Array) => (() => unknown)[] {
  let rest: Uint8Array[] = [];
  let waiting = 0;
  const revive = (value: unknown, bytes: Uint8Array): unknown => {
    if (Array.isArray(value)) return value.map((inner) => revive(inner, bytes));
    if (typeof value !== 'object' || value === null) return value;
    const { [OBJECT]: number, [BYTES]: part } = value as { [OBJECT]?: number; [BYTES]?: [number, number] };
    if (number !== undefined) return objectOf(number);
    // A copy: in Node the bytes may be part of a larger buffer that others share.
    if (part) return new Uint8Array(bytes.subarray(part[0], part[0] + part[1]));
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, revive(inner, bytes)]));
  };
  let needed = HEAD;
  return (bytes) => {
    rest.push(bytes);
    waiting += bytes.length;
    const messages: (() => unknown)[] = [];
    while (waiting >= needed) {
      const all = rest.length === 1 ? (rest[0] as Uint8Array) : joined(rest);
      const head = new DataView(all.buffer, all.byteOffset);
      const [json, length] = [head.getUint32(0), head.getUint32(4)];
      const end = HEAD + json + length;
      rest = [all];
      needed = end;
      if (waiting < end) break;
      const text = new TextDecoder().decode(all.subarray(HEAD, HEAD + json));
      // What a number stands for is looked up when the message is taken, not when it came.
      messages.push(() => revive(JSON.parse(text), all.subarray(HEAD + json, end)));
      rest = [all.subarray(end)];
      waiting -= end;
      needed = HEAD;
    }
    return messages;
  };
}
