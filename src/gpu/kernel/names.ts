// The names in a WGSL text, read by the type checker where it knows the text.

type Space = ' ' | '\n' | '\t' | '\r';
type Trim<T extends string> = T extends `${Space}${infer R}` | `${infer R}${Space}` ? Trim<R> : T;

/** What only composing tells: another module of one's own, or lines that are kept under a condition. */
type Composed = `${string}@include ./${string}` | `${string}@if ${string}` | `${string}@include {${string}`;

/** Names that are not known before the program runs may be any. */
type Known<T extends string, Found extends string> = string extends T ? string : T extends Composed ? string : Found;

/** Of storage buffers. */
export type BindingsIn<T extends string> = Known<T, Storage<T>>;
type Storage<T> = T extends `${string}var<storage${string}>${infer Name}:${infer Rest}`
  ? Trim<Name> | Storage<Rest>
  : never;

/** Of the fields of `Params`. */
export type UniformsIn<T extends string> = Known<
  T,
  T extends `${string}struct Params${string}{${infer Body}}${string}`
    ? Body extends `${string}//${string}`
      ? string
      : Fields<Body>
    : T extends `${string}var<uniform>${string}`
      ? string
      : never
>;
type Fields<T> = T extends `${infer Name}:${string},${infer Rest}`
  ? Trim<Name> | Fields<Rest>
  : T extends `${infer Name}:${string}`
    ? Trim<Name>
    : never;

/** Of the constants that end with `// @tune`, those of this package's modules included. */
export type ConstantsIn<T extends string> = Known<
  T,
  | Tuned<T>
  | (T extends `${string}@include lib/elementwise.wgsl${string}` ? 'WORKGROUP' : never)
  | (T extends `${string}@include lib/rows.wgsl${string}` ? 'WORKGROUP' | 'LANES' : never)
>;
type Tuned<T> = T extends `${infer Before}; // @tune${infer Rest}` ? Last<Before> | Tuned<Rest> : never;
/** The declaration before the mark is the last one. */
type Last<T> = T extends `${string}const ${infer Rest}`
  ? Rest extends `${string}const ${string}`
    ? Last<Rest>
    : Rest extends `${infer Name}:${string}`
      ? Trim<Name>
      : never
  : never;
