// Some images of each class of a data set, as one HTML page that needs nothing but itself: whether labels and images belong
// together is seen at once.
import type { LabelledImages } from '../data/dataset.ts';
import { escapeHtml } from './html.ts';
import { styleFor } from './style.ts';
import { thumbnails } from './thumbnails.ts';

export interface ContactSheet {
  readonly title: string;
  /** What is told of the data set, a paragraph each. */
  readonly facts: readonly string[];
  readonly classes: readonly SheetRow[];
}

/** A class's images, of which the first ones are shown. */
interface SheetRow {
  readonly name: string;
  /** How many there are, in words. */
  readonly count: string;
  readonly images: Pick<LabelledImages, 'channels' | 'sizes' | 'pixels'>;
}

/** Pixels of the longer side. */
const LARGEST = 64;

/** Renders a page that opens from a file and loads nothing. */
export async function renderContactSheet({ title, facts, classes }: ContactSheet): Promise<string> {
  const rows: string[] = [];
  for (const { name, count, images } of classes) {
    const shown = Array.from({ length: images.sizes.length / 2 }, (_, i) => i);
    const { url, columns, width, height } = await thumbnails(images, shown, LARGEST);
    rows.push(
      `<tr><th scope="row">${escapeHtml(name)}<small>${escapeHtml(count)}</small></th><td><img src="${url}" alt="" width="${columns * width}" height="${height}"></td></tr>`,
    );
  }
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
<style>${styleFor(1)}
td { text-align: left; }
td img { display: block; max-width: none; }
th small { display: block; color: var(--muted); font-weight: 400; }
</style>
</head>
<body>
<header><h1>${escapeHtml(title)}</h1></header>
<main>
${facts.map((fact) => `<p>${escapeHtml(fact)}</p>`).join('\n')}
<div class="wide" tabindex="0"><table>
<thead><tr><th scope="col">class</th><td>images to train on</td></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table></div>
</main>
</body>
</html>
`;
}
