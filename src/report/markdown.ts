const line = (cells: readonly string[]) => `| ${cells.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;

/** A table in Markdown; all columns but the first are aligned to the right, unless they are of text. */
export const markdownLines = (
  head: readonly string[],
  rows: readonly (readonly string[])[],
  { isText = false }: { isText?: boolean } = {},
): string[] => [line(head), line(head.map((_, i) => (i === 0 || isText ? '---' : '---:'))), ...rows.map(line)];
