import { useMemo } from 'preact/hooks';
import type { Modules } from '../../../src/gpu/kernel/compose.ts';
import { patchOf } from '../../../src/workbench/patch.ts';

interface PatchProps {
  readonly shipped: Modules;
  readonly edits: Modules;
  readonly kernel: string;
}

/** What was edited against what ships, to read and to download. */
export function Patch({ shipped, edits, kernel }: PatchProps) {
  const patch = useMemo(() => patchOf(shipped, edits), [shipped, edits]);
  if (!patch) return null;
  const download = () => {
    const url = URL.createObjectURL(new Blob([patch], { type: 'text/x-diff' }));
    const link = Object.assign(document.createElement('a'), {
      href: url,
      download: `${kernel.replace('/', '-')}.patch`,
    });
    link.click();
    URL.revokeObjectURL(url);
  };
  return (
    <div class="patch">
      <h2>What you changed</h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard */}
      <pre tabIndex={0}>
        {patch.split('\n').map((line, index) => (
          <span key={index} class={kindOf(line)}>
            {line}
            {'\n'}
          </span>
        ))}
      </pre>
      <button type="button" onClick={download}>
        Download as a patch
      </button>
    </div>
  );
}

function kindOf(line: string): string {
  if (/^(diff|---|\+\+\+|@@|new file)/.test(line)) return 'place';
  return line.startsWith('+') ? 'added' : line.startsWith('-') ? 'removed' : '';
}
