// A sheet in Markdown, in HTML and for a terminal.
import { alignColumns } from '../report/align.ts';
import { escapeHtml } from '../report/html.ts';
import { markdownLines } from '../report/markdown.ts';
import type { Sheet } from './sheet.ts';
import type { Table } from './table.ts';

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
      return `<tr><th scope="row">${escapeHtml(label.replaceAll(' = ', '\u00a0=\u00a0'))}</th>${texts.join('')}</tr>`;
    });
    return `<section aria-labelledby="${id}">
<h2 id="${id}">${escapeHtml(title)}</h2>
<div class="wide" role="region" aria-labelledby="${id}" tabindex="0">
<table class="sheet" aria-labelledby="${id}">
<thead><tr>${heads.join('')}</tr></thead>
<tbody>
${lines.join('\n')}
</tbody>
</table>
</div>
<p class="hint" hidden>There are more columns: scroll the table sideways&nbsp;<span aria-hidden="true">→</span></p>
${notes.map((note) => `<p class="note">${escapeHtml(note)}</p>`).join('\n')}
</section>`;
  });

/** For a terminal. */
export const textOf = ({ lead, tables }: Sheet): string => [...lead, ...tables.map(textTable)].join('\n\n');

function textTable({ title, head, rows, notes, isText }: Table): string {
  const [first = '', ...others] = alignColumns([head, ...rows], isText ? 'left' : 'right');
  const rule = '─'.repeat(Math.max(...[first, ...others].map((line) => [...line].length)));
  return [title, first, rule, ...others, ...notes].join('\n');
}
