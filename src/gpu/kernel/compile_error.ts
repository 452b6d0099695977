// What a compiler has against a kernel, told at its place in the module where it was written.
import { type Composed, fileOf } from './compose.ts';

/**
 * All that a compiler found, each as `kernels/MODULE.wgsl:LINE:COLUMN: message (in KERNEL)`, and below it the line with a caret.
 * Undefined where it found nothing, or nothing that has a place.
 */
export async function compilerError(
  module: GPUShaderModule,
  kernel: string,
  composed: Pick<Composed, 'text' | 'places'>,
): Promise<Error | undefined> {
  const { messages } = await module.getCompilationInfo();
  const placed = messages.filter(({ type, lineNum }) => type === 'error' && lineNum > 0);
  if (placed.length === 0) return undefined;
  return new Error(placed.map((message) => atItsPlace(message, kernel, composed)).join('\n'));
}

function atItsPlace(
  { message, lineNum, linePos }: GPUCompilationMessage,
  kernel: string,
  { text, places }: Pick<Composed, 'text' | 'places'>,
): string {
  const sources = text.split('\n');
  const lines = sources.map((line) => line.replace(/\/\/.*$/, '').trimEnd());
  let [line, column] = [lineNum - 1, linePos];
  // A missing semicolon is noticed at the next word, but it belongs behind the last one.
  if (/expected .*;/.test(message) && !lines[line]?.slice(0, column - 1).trim()) {
    do line -= 1;
    while (line > 0 && !lines[line]);
    column = (lines[line]?.length ?? 0) + 1;
  }
  const { path = '', line: own } = places[line] ?? {};
  const source = sources[line] ?? '';
  const indent = source.search(/\S|$/);
  return [
    `${fileOf(path)}:${own}:${column}: ${withoutKernel(firstLine(message))} (in ${kernel})`,
    `  ${source.slice(indent)}`,
    `  ${' '.repeat(Math.max(0, column - 1 - indent))}^`,
  ].join('\n');
}

/** Compilers add notes, and some draw the source themselves. */
export const firstLine = (message: string): string => message.trim().split('\n')[0] ?? '';

/** What failures of one cause have in common: a mistake in a module is told once, not once for each kernel that includes it. */
export const causeOf = (failure: string): string =>
  failure.startsWith('kernels/') ? failure.replace(/ \(in [^)]*\)$/gm, '') : failure;

/** wgpu begins with the kernel, which would make of one mistake as many as there are kernels that include it. */
const withoutKernel = (message: string): string => message.replace(/^Shader '[^']*' parsing error: /, '');

/** A message with its place in a module; lines and columns count from 1. */
export interface Complaint {
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/**
 * What composing or compiling kernels has thrown, each at its place and once, where several kernels have it from a module that they
 * share; none where no place is named.
 */
export function complaintsOf(message: string): Complaint[] {
  const found = new Map<string, Complaint>();
  for (const [told, path = '', line, column, text = ''] of message.matchAll(PLACED))
    if (!found.has(causeOf(told)))
      found.set(causeOf(told), { path, line: Number(line), column: Number(column), message: text });
  return [...found.values()];
}

const PLACED = /^kernels\/(\S+?):(\d+):(\d+): (.*)$/gm;
