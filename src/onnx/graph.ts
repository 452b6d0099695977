// A graph of ONNX (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto has the numbers of the fields), node by node.
import { elementCount } from '../weights/host-tensor.ts';
import { bytes, type Field, float, int, ints, message } from './protobuf.ts';

/** Operators as of ONNX 1.12. */
const OPSET = 17;
const IR_VERSION = 8;
const FLOAT = 1;
const INT64 = 7;

/** The name of a value that a node gives, or of a constant. */
export type Value = string;

/** An attribute: a number with a fraction is marked as one, since 1 may be either. */
export type Attribute = number | readonly number[] | { readonly float: number };

export interface Graph {
  /** A node with one output, called `output` or by its number. */
  node(op: string, inputs: readonly Value[], attributes?: Readonly<Record<string, Attribute>>, output?: string): Value;
  /** A constant of f32. The same name gives the same one. */
  constant(name: string, data: Float32Array, shape: readonly number[]): Value;
  /** A constant of whole numbers, as shapes and axes are. */
  integers(values: readonly number[], shape?: readonly number[]): Value;
  /** The model's bytes in pieces. A size that is a text is one that may differ from run to run. */
  finish(model: {
    readonly inputs: Readonly<Record<string, readonly (number | string)[]>>;
    readonly outputs: Readonly<Record<Value, readonly (number | string)[]>>;
    readonly metadata: Readonly<Record<string, string>>;
    readonly producer: readonly [name: string, version: string];
  }): Uint8Array[];
}

export function createGraph(): Graph {
  const nodes: Field[] = [];
  const constants = new Map<string, Field>();
  const tensor = (name: string, shape: readonly number[], type: number, data: ArrayBufferView) => {
    const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    constants.set(name, message(5, ints(1, shape), int(2, type), bytes(8, name), bytes(9, raw)));
    return name;
  };
  return {
    node(op, inputs, attributes = {}, output = `${op}_${nodes.length}`) {
      const named = Object.entries(attributes).map(([name, value]) => message(5, bytes(1, name), ...attribute(value)));
      const values = inputs.map((input) => bytes(1, input));
      nodes.push(message(1, ...values, bytes(2, output), bytes(3, output), bytes(4, op), ...named));
      return output;
    },
    constant(name, data, shape) {
      if (data.length !== elementCount(shape))
        throw new Error(`The constant ${name} has ${data.length} elements, and its shape [${shape}] needs others.`);
      return constants.has(name) ? name : tensor(name, shape, FLOAT, data);
    },
    integers: (values, shape = [values.length]) =>
      tensor(`integers_${constants.size}`, shape, INT64, BigInt64Array.from(values, BigInt)),
    finish({ inputs, outputs, metadata, producer: [name, version] }) {
      const declared = (number: number, values: Readonly<Record<string, readonly (number | string)[]>>) =>
        Object.entries(values).map(([value, shape]) => {
          const sizes = shape.map((size) => message(1, typeof size === 'number' ? int(1, size) : bytes(2, size)));
          return message(number, bytes(1, value), message(2, message(1, int(1, FLOAT), message(2, ...sizes))));
        });
      const graph = message(
        7,
        ...nodes,
        bytes(2, 'model'),
        ...constants.values(),
        ...declared(11, inputs),
        ...declared(12, outputs),
      );
      const properties = Object.entries(metadata).map(([key, value]) => message(14, bytes(1, key), bytes(2, value)));
      const opset = message(8, bytes(1, ''), int(2, OPSET));
      return [int(1, IR_VERSION), bytes(2, name), bytes(3, version), graph, opset, ...properties].flat();
    },
  };
}

function attribute(value: Attribute): Field[] {
  if (typeof value === 'number') return [int(3, value), int(20, 2)];
  if ('float' in value) return [float(2, value.float), int(20, 1)];
  return [ints(8, value), int(20, 7)];
}
