import { basename, join, relative } from 'node:path';
import type { Command } from 'commander';
import { counted } from '../data/formats/format.ts';
import { type ImageSource, pick } from '../data/image_source.ts';
import { type OpenedDataset, openDataset } from '../data/load.node.ts';
import { explained, makeFolder, writeWhole } from '../files.node.ts';
import { renderContactSheet } from '../report/contact_sheet.ts';
import { guarded } from './errors.ts';
import { tellProgress } from './load_data.ts';

export function addData(program: Command): void {
  program
    .command('data')
    .description(
      'tell what data set a folder or an archive holds, its classes and sizes and what is damaged, and show images',
    )
    .argument('<path>', 'folder or archive (.zip, .tar, .tar.gz, .tgz)')
    .option('--page <file>', 'where the page with images of each class goes (default: runs/data/NAME.html)')
    .action(guarded((path: string, { page }: { page?: string }) => describe(path, page)));
}

async function describe(path: string, page?: string): Promise<void> {
  const data = await openDataset(path, { skipBad: true, onProgress: tellProgress() });
  try {
    const facts = factsOf(data);
    console.log(`${data.tree.name}: ${data.format}`);
    for (const fact of facts) console.log(`  ${fact}`);
    for (const { path: file, why } of data.bad) console.log(`    ${file}: ${why}`);
    const title = basename(data.tree.name);
    const file = page ?? join('runs', 'data', `${title}.html`);
    const classes = await rowsOf(data);
    const html = await renderContactSheet({ title: `${title}: ${data.format}`, facts, classes });
    await explained(`The page ${file} cannot be written`, async () => {
      await makeFolder(join(file, '..'));
      await writeWhole(file, html);
    });
    console.log(`images of each class: ${relative('', file)}`);
  } finally {
    await data.close();
  }
}

function factsOf({ classes, train, test, notes, bad }: OpenedDataset): string[] {
  const bytes = train.bytes + test.bytes;
  return [
    `${counted(classes.length, 'class', 'classes')}: ${listed(classes)}`,
    `train: ${counted(train.labels.length, 'image')}, ${spread(train)} of each class`,
    `test: ${counted(test.labels.length, 'image')}, ${spread(test)} of each class`,
    `sizes as decoded (width × height): ${sizesOf(train, test)}; ${(bytes / 2 ** 20).toFixed(1)} MiB of pixels`,
    ...notes,
    bad.length === 0 ? 'no image is damaged' : `${counted(bad.length, 'image')} that cannot be read:`,
  ];
}

/** Names, those in the middle left out where they are many. */
const MOST_NAMES = 12;
const listed = (names: readonly string[]): string =>
  names.length <= MOST_NAMES ? names.join(', ') : `${names.slice(0, MOST_NAMES - 1).join(', ')}, …, ${names.at(-1)}`;

/** The least and the most images of a class. */
function spread({ labels, classes }: ImageSource): string {
  const counts = new Uint32Array(classes.length);
  for (const label of labels) counts[label] = (counts[label] as number) + 1;
  const sorted = [...counts.sort()];
  const [least, most] = [sorted[0] as number, sorted.at(-1) as number];
  return least === most ? `${least}` : `${least} to ${most}`;
}

function sizesOf(...splits: readonly ImageSource[]): string {
  const column = (at: number) =>
    splits.flatMap(({ sizes }) => [...sizes].filter((_, i) => i % 2 === at)).sort((a, b) => a - b);
  const [heights, widths] = [column(0), column(1)];
  const at = (share: number) => {
    const place = Math.floor(share * (heights.length - 1));
    return `${widths[place]} × ${heights[place]}`;
  };
  return at(0) === at(1) ? `all ${at(0)}` : `${at(0)} to ${at(1)}, medians ${at(0.5)}`;
}

/** As many images of a class, and of all together. */
const MOST_OF_CLASS = 8;
const MOST_IMAGES = 800;

async function rowsOf({ classes, train }: OpenedDataset) {
  const each = Math.max(2, Math.min(MOST_OF_CLASS, Math.floor(MOST_IMAGES / classes.length)));
  const rows = [];
  for (const [label, name] of classes.entries()) {
    const members = [...train.labels.keys()].filter((image) => train.labels[image] === label);
    // Spread over all of them, since neighbours are often alike.
    const shown = Array.from(
      { length: Math.min(each, members.length) },
      (_, i) => members[Math.floor((i * members.length) / Math.min(each, members.length))] as number,
    );
    const images = { ...pick(train, shown), channels: train.channels, pixels: await train.read(shown) };
    rows.push({ name, count: counted(members.length, 'image'), images });
  }
  return rows;
}
