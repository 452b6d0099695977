import type { KernelInfo } from '../../../src/workbench/catalogue.ts';
import type { BenchInfo } from './worker.ts';

interface KernelChoiceProps {
  readonly kernels: readonly KernelInfo[];
  readonly value: string;
  onChange(name: string): void;
}

/** The kernels by family. */
export function KernelChoice({ kernels, value, onChange }: KernelChoiceProps) {
  const families = [...new Set(kernels.map(({ family }) => family))];
  return (
    <label>
      <span>Kernel</span>
      <select value={value} onChange={({ currentTarget }) => onChange(currentTarget.value)}>
        {families.map((family) => (
          <optgroup key={family} label={family}>
            {kernels
              .filter((kernel) => kernel.family === family)
              .map(({ name }) => (
                <option key={name} value={name}>
                  {name}
                </option>
              ))}
          </optgroup>
        ))}
      </select>
    </label>
  );
}

interface BenchChoiceProps {
  readonly benches: readonly BenchInfo[];
  /** Undefined for the usual one. */
  readonly value: string | undefined;
  /** The usual one, as far as it is known. */
  readonly usual: string | undefined;
  onChange(name: string | undefined): void;
}

/** What a kernel can be timed on, by the networks whose layers these are. */
export function BenchChoice({ benches, value = '', usual, onChange }: BenchChoiceProps) {
  const groups = [...new Set(benches.map(groupOf))];
  return (
    <label>
      <span>Timed on</span>
      <select value={value} onChange={({ currentTarget }) => onChange(currentTarget.value || undefined)}>
        <option value="">{value === '' && usual ? `a small one: ${usual}` : 'a small one'}</option>
        {groups.map((group) => (
          <optgroup key={group} label={group}>
            {benches
              .filter((bench) => groupOf(bench) === group)
              .map(({ name }) => (
                <option key={name} value={name}>
                  {name}
                </option>
              ))}
          </optgroup>
        ))}
      </select>
    </label>
  );
}

function groupOf({ tags, mostly }: BenchInfo): string {
  if (!mostly) return 'more of another kernel';
  if (tags.includes('vit')) return 'layers of ViT-B/16';
  const networks = tags.filter((tag) => /^resnet/.test(tag));
  return networks.length > 0 ? `layers of ResNets, ${tags.find((tag) => tag.endsWith('px')) ?? ''}` : 'others';
}
