// What a compiler has against a kernel, told at its place in the module where it was written.
import { type Composed, fileOf } from './compose.ts';

/**
 * What a compiler found first: `kernels/MODULE.wgsl:LINE:COLUMN: message (in KERNEL)`, and below it the line with a caret.
 * Undefined where it found nothing, or nothing that has a place.
 */
export async function compilerError(
  module: GPUShaderModule,
  kernel: string,
  { text, places }: Pick<Composed, 'text' | 'places'>,
): Promise<Error | undefined> {
  const { messages } = await module.getCompilationInfo();
  const first = messages.find(({ type }) => type === 'error');
  if (!first || first.lineNum === 0) return undefined;
  const sources = text.split('\n');
  const lines = sources.map((line) => line.replace(/\/\/.*$/, '').trimEnd());
  let [line, column] = [first.lineNum - 1, first.linePos];
  // A missing semicolon is noticed at the next word, but it belongs behind the last one.
  if (/expected .*;/.test(first.message) && !lines[line]?.slice(0, column - 1).trim()) {
    do line -= 1;
    while (line > 0 && !lines[line]);
    column = (lines[line]?.length ?? 0) + 1;
  }
  const { path = '', line: own } = places[line] ?? {};
  const source = sources[line] ?? '';
  const indent = source.search(/\S|$/);
  return new Error(
    [
      `${fileOf(path)}:${own}:${column}: ${withoutKernel(firstLine(first.message))} (in ${kernel})`,
      `  ${source.slice(indent)}`,
      `  ${' '.repeat(Math.max(0, column - 1 - indent))}^`,
    ].join('\n'),
  );
}

/** Compilers add notes, and some draw the source themselves. */
export const firstLine = (message: string): string => message.trim().split('\n')[0] ?? '';

/** What failures of one cause have in common: a mistake in a module is told once, not once for each kernel that includes it. */
export const causeOf = (failure: string): string =>
  failure.startsWith('kernels/') ? failure.replace(/ \(in [^)]*\)$/m, '') : failure;

/** wgpu begins with the kernel, which would make of one mistake as many as there are kernels that include it. */
const withoutKernel = (message: string): string => message.replace(/^Shader '[^']*' parsing error: /, '');

/** A message with its place in a module; lines and columns count from 1. */
export interface Complaint {
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** Takes the place out of what composing or compiling a kernel has thrown; undefined where it names none. */
export function complaintOf(message: string): Complaint | undefined {
  const [, path, line, column, text] = /^kernels\/(\S+?):(\d+):(\d+): ([^\n]*)/.exec(message) ?? [];
  if (path === undefined || text === undefined) return undefined;
  return { path, line: Number(line), column: Number(column), message: text };
}
