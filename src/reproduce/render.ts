// A sheet in Markdown, in HTML and for a terminal.
import { alignColumns } from '../report/align.ts';
import { escapeHtml } from '../report/html.ts';
import { markdownLines } from '../report/markdown.ts';
import type { Sheet, Table } from './sheet.ts';

export const markdownOf = ({ title, lead, tables }: Sheet): string =>
  [
    `# ${title}`,
    ...lead,
    ...tables.flatMap((table) => [
      `## ${table.title}`,
      markdownLines(table.head, table.rows, table).join('\n'),
      ...(table.notes.length > 0 ? [table.notes.join(' ')] : []),
    ]),
  ].join('\n\n');

/** The sections of a page of `renderReport`. */
export const sectionsOf = ({ tables }: Sheet): string[] =>
  tables.map(({ title, head, rows, notes, isText }, i) => {
    const id = `sheet-${i}`;
    const text = isText ? ' class="text"' : '';
    const heads = head.map((name, column) => `<th scope="col"${column > 0 ? text : ''}>${escapeHtml(name)}</th>`);
    const lines = rows.map(([label = '', ...cells]) => {
      const texts = cells.map((cell) => `<td${text}>${escapeHtml(cell)}</td>`);
      return `<tr><th scope="row">${escapeHtml(label)}</th>${texts.join('')}</tr>`;
    });
    return `<section aria-labelledby="${id}">
<h2 id="${id}">${escapeHtml(title)}</h2>
<div class="wide" role="region" aria-labelledby="${id}" tabindex="0">
<table aria-labelledby="${id}">
<thead><tr>${heads.join('')}</tr></thead>
<tbody>
${lines.join('\n')}
</tbody>
</table>
</div>
<p class="hint" hidden>There are more columns: scroll the table sideways <span aria-hidden="true">→</span></p>
${notes.map((note) => `<p class="note">${escapeHtml(note)}</p>`).join('\n')}
</section>`;
  });

/** The first tables, with what comes of them. */
export const textOf = ({ lead, tables }: Sheet): string =>
  [...lead, ...tables.slice(0, -1).map(textTable)].join('\n\n');

function textTable({ title, head, rows }: Table): string {
  const [first = '', ...others] = alignColumns([head, ...rows]);
  const rule = '─'.repeat(Math.max(...[first, ...others].map((line) => [...line].length)));
  return [title, first, rule, ...others].join('\n');
}
