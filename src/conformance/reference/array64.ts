// What the reference implementations work on: dense row-major arrays in float64, in PyTorch's layouts.

/** A dense row-major array. A scalar result has the shape [1]. */
export interface Array64 {
  shape: number[];
  data: Float64Array;
}

export type Inputs = Record<string, Array64>;
export type Outputs = Record<string, Array64>;
export type Attributes = Record<string, unknown>;

/** An operation: plain loops from its definition, so that a reader can check it by eye. */
export type Reference = (inputs: Inputs, attrs: Attributes) => Outputs;

/** An array of the given shape, filled with zeros. */
export function zeros(shape: number[]): Array64 {
  return { shape, data: new Float64Array(shape.reduce((count, size) => count * size, 1)) };
}

/** An array from any numbers; without a shape, a vector. */
export function array64(data: ArrayLike<number>, shape: number[] = [data.length]): Array64 {
  return { shape, data: Float64Array.from(data) };
}

/** The input of that name. */
export function input(inputs: Inputs, name: string): Array64 {
  const found = inputs[name];
  if (!found) throw new Error(`The reference needs an input "${name}".`);
  return found;
}

/** A numeric attribute. */
export function number(attrs: Attributes, name: string, otherwise?: number): number {
  const value = attrs[name] ?? otherwise;
  if (typeof value !== 'number') throw new Error(`The reference needs a number "${name}".`);
  return value;
}

/** An attribute [h, w]; a single number stands for both. */
export function pair(attrs: Attributes, name: string, otherwise: [number, number]): [number, number] {
  const value = attrs[name] ?? otherwise;
  return (typeof value === 'number' ? [value, value] : value) as [number, number];
}

/** Rows and row length, when the last axis is taken as a row. */
export function rowsOf({ shape, data }: Array64): { rows: number; width: number } {
  const width = shape[shape.length - 1] ?? 1;
  return { rows: data.length / width, width };
}
