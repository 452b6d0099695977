import { createTwoFilesPatch } from 'diff';
import type { Modules } from '../gpu/kernel/compose.ts';

/** What edits change, as a patch that `git apply` takes; empty where nothing is changed. */
export function patchOf(shipped: Modules, edits: Modules): string {
  return Object.entries(edits)
    .filter(([path, text]) => text !== shipped[path])
    .map(([path, text]) => {
      const file = `kernels/${path}`;
      const isNew = shipped[path] === undefined;
      const patch = createTwoFilesPatch(isNew ? '/dev/null' : `a/${file}`, `b/${file}`, shipped[path] ?? '', text);
      const lines = patch.replace(/^=+\n/, '').replaceAll(/^(---|\+\+\+) (.*?)\t*$/gm, '$1 $2');
      return `diff --git a/${file} b/${file}\n${isNew ? 'new file mode 100644\n' : ''}${lines}`;
    })
    .join('');
}
