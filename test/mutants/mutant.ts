/** A fault, and the test that notices it. */
export interface Mutant {
  /** What is wrong then, in a few words. */
  readonly what: string;
  readonly file: string;
  /** Stands in the file once. */
  readonly text: string;
  readonly replacement: string;
  /** The file below test/, and words of the test's name, which select it. */
  readonly test: { readonly file: string; readonly name: string };
}

/** The mutants that a test of a file notices, from rows of what, file, text and replacement. */
export const noticedBy = (
  file: string,
  name: string,
  ...rows: readonly (readonly [what: string, file: string, text: string, replacement: string])[]
): Mutant[] =>
  rows.map(([what, mutated, text, replacement]) => ({ what, file: mutated, text, replacement, test: { file, name } }));
