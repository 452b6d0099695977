/** The name of the tab that shows all modules as one text. */
export const COMPOSED = 'composed text';

interface ModuleTabsProps {
  readonly paths: readonly string[];
  readonly edited: readonly string[];
  readonly value: string;
  /** The modules that have a mistake. */
  readonly broken: readonly string[];
  onChange(path: string): void;
}

/** A button a module in the order in which they are composed, and one for the composed text. */
export function ModuleTabs({ paths, edited, value, broken, onChange }: ModuleTabsProps) {
  return (
    <fieldset class="tabs" aria-label="Text shown">
      {[...paths, COMPOSED].map((path) => (
        <button
          type="button"
          key={path}
          aria-pressed={path === value}
          class={broken.includes(path) ? 'broken' : ''}
          onClick={() => onChange(path)}
        >
          {path.replace(/\.wgsl$/, '')}
          {edited.includes(path) && <span class="edited"> edited</span>}
        </button>
      ))}
    </fieldset>
  );
}
