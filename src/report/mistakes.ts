// The test images that a method was surest of, and wrong.
import { groups, type Mistake, type ReportData, type Run } from './data.ts';
import { escapeHtml } from './html.ts';

/** Mistakes that a page shows of all methods together, and at least of each. */
const TOGETHER = 24;
const EACH = 6;

/** The mistakes that a page shows: of each method those of its first run that has any. */
export function shownMistakes(runs: readonly Run[]): { label: string; mistakes: readonly Mistake[] }[] {
  const methods = groups(runs);
  const most = Math.max(EACH, Math.floor(TOGETHER / methods.length));
  return methods.flatMap(({ label, runs: own }) => {
    const mistakes = own.find((run) => run.mistakes)?.mistakes?.slice(0, most) ?? [];
    return mistakes.length > 0 ? [{ label, mistakes }] : [];
  });
}

/** The mistakes of each method, as pictures with what they show and what they were taken for. */
export function mistakeSection({ runs, classes, mistaken }: ReportData): string {
  if (!mistaken) return '';
  const { url, columns, width, height, images } = mistaken;
  const sheet = { width: columns * width, height: Math.ceil(images.length / columns) * height };
  const places = new Map(images.map((image, place) => [image, place]));
  const nameOf = (label: number) => escapeHtml(classes[label] ?? `class ${label}`);
  const item = ({ image, label, prediction, confidence }: Mistake): string => {
    const place = places.get(image) ?? 0;
    const box = `${(place % columns) * width} ${Math.floor(place / columns) * height} ${width} ${height}`;
    return `<li><svg viewBox="${box}" role="img" aria-label="test image ${image}"><use href="#mistaken"/></svg><p>${nameOf(label)}</p><p class="wrong">${nameOf(prediction)} <small>${(100 * confidence).toFixed(1)} %</small></p></li>`;
  };
  const methods = shownMistakes(runs);
  const parts = methods.map(
    ({ label, mistakes }) =>
      `${methods.length > 1 ? `<h3>${escapeHtml(label)}</h3>\n` : ''}<ul class="mistakes">${mistakes.map(item).join('')}</ul>`,
  );
  return `<section aria-labelledby="mistakes">
<h2 id="mistakes">Surest mistakes</h2>
<p class="note">The test images that were taken for a wrong class with the highest probability: the true class, and below it what the image was taken for. Some may be labelled wrongly.</p>
<svg width="0" height="0" class="hidden" aria-hidden="true"><image id="mistaken" href="${url}" width="${sheet.width}" height="${sheet.height}"/></svg>
${parts.join('\n')}
</section>`;
}
