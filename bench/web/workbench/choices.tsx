import { useState } from 'preact/hooks';
import { OWN_SHAPES } from '../../../src/bench/cases/own_shapes.ts';
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
  const [asks, setAsks] = useState(false);
  const isOwn = value !== '' && benches.length > 0 && benches.every(({ name }) => name !== value);
  const choose = (name: string) => {
    setAsks(name === OWN);
    if (name !== OWN) onChange(name || undefined);
  };
  return (
    <>
      <label>
        <span>Timed on</span>
        <select value={asks || isOwn ? OWN : value} onChange={({ currentTarget }) => choose(currentTarget.value)}>
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
          <option value={OWN}>a shape of my own …</option>
        </select>
      </label>
      {(asks || isOwn) && (
        <label>
          <span>Shape</span>
          <input
            type="text"
            list="own-shapes"
            value={value}
            placeholder={OWN_SHAPES[0]}
            onChange={({ currentTarget }) => onChange(currentTarget.value || undefined)}
          />
          <datalist id="own-shapes">
            {OWN_SHAPES.map((shape) => (
              <option key={shape} value={shape} />
            ))}
          </datalist>
        </label>
      )}
    </>
  );
}

/** The value of what asks for a shape. */
const OWN = 'own';

function groupOf({ tags, mostly }: BenchInfo): string {
  if (!mostly) return 'more of another kernel';
  if (tags.includes('ragged')) return 'sizes that no tile divides';
  if (tags.includes('vit')) return 'layers of ViT-B/16';
  const networks = tags.filter((tag) => /^resnet/.test(tag));
  return networks.length > 0 ? `layers of ResNets, ${tags.find((tag) => tag.endsWith('px')) ?? ''}` : 'others';
}
