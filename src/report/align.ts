/** Rows of cells as lines of aligned columns: the first column to the left, all others to the right, unless they are of text. */
export function alignColumns(rows: readonly (readonly string[])[], others: 'left' | 'right' = 'right'): string[] {
  const length = (text: string) => [...text].length;
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((cells) => length(cells[column] ?? '')))) ?? [];
  return rows.map((cells) =>
    widths
      .map((width, column) => {
        const text = cells[column] ?? '';
        const padding = ' '.repeat(width - length(text));
        return column === 0 || others === 'left' ? text + padding : padding + text;
      })
      .join('  ')
      .trimEnd(),
  );
}
