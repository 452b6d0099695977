import { counted, type FoundDataset } from './formats/format.ts';
import { recognise } from './formats/index.ts';
import { isArchive, withArchives } from './tree/archives.ts';
import { openTree } from './tree/open.node.ts';
import type { FileTree } from './tree/tree.ts';

/**
 * The tree of a folder or an archive, to be closed, and the data set that is recognised in it. Archives in it are looked into
 * where it alone is no data set, or not all of one.
 * @param seed fixes the split of a data set that has none.
 * Throws in one sentence when nothing is recognised, or it cannot be read.
 */
export async function findDataset(path: string, seed: number): Promise<{ tree: FileTree; found: FoundDataset }> {
  const outer = await openTree(path);
  try {
    const found = await recognise(outer, seed);
    const archives = [...outer.files.keys()].filter(isArchive);
    if (archives.length > 0 && (!found || found.missing.length > 0)) {
      const tree = await withArchives(outer);
      const whole = (await recognise(tree, seed)) ?? found;
      if (whole) return { tree, found: whole };
    }
    if (!found) throw new Error(`${outer.name} holds no data set that is known: ${contentOf(outer)}.`);
    const unread = archives.map((archive) => `The archive ${archive} lies there too, and is not read.`);
    return { tree: outer, found: { ...found, notes: [...found.notes, ...unread] } };
  } catch (error) {
    await outer.close();
    throw error;
  }
}

/** What a tree holds, as the end of a sentence. */
function contentOf({ files }: FileTree): string {
  const [first] = files.keys();
  if (first === undefined) return 'it is empty; give a folder with a folder of images for each class';
  return `it has ${counted(files.size, 'file')} (${first}${files.size > 1 ? ', …' : ''}), but no images in folders of their classes, no IDX files and no lists of a known data set`;
}
