import type { StateEntry } from '../nn/store.ts';
import { showShape } from '../tape/tensor.ts';
import type { StoredTensor } from './host-tensor.ts';
import { type LoadReport, torchShape } from './state_dict.ts';

/** So many names are told one by one, and so many groups of them at most; groups are made finer up to as many as names. */
const MOST_NAMES = 3;
const MOST_GROUPS = 6;

/**
 * How a file's tensors and a model's go together, as lines of a table: matched, missing, of another shape, and not used. Names
 * that are many stand together by what they begin with. `keyOf` gives a tensor's name in the file.
 */
export function loadTable(
  { matched, missing, misshapen, unexpected }: LoadReport,
  entries: readonly StateEntry[],
  tensors: ReadonlyMap<string, Pick<StoredTensor, 'shape'>>,
  keyOf: (name: string) => string = (name) => name,
): string[] {
  const shapes = (name: string) => {
    const entry = entries.find((candidate) => candidate.name === name);
    const [own, given] = [entry && torchShape(entry), tensors.get(name)?.shape];
    return `${name} ${showShape(given ?? [])} and not ${showShape(own ?? [])}`;
  };
  const shown = misshapen.slice(0, MOST_NAMES).map(shapes);
  const more = misshapen.length - shown.length;
  const rows: [count: number, what: string, which: string][] = [
    [matched.length, 'matched', groupNames(matched.map(keyOf))],
    [missing.length, 'missing', groupNames(missing)],
    [misshapen.length, 'of another shape', shown.join(', ') + (more > 0 ? ` and ${more} more` : '')],
    [unexpected.length, 'not used', groupNames(unexpected.map(keyOf))],
  ];
  const told = rows.filter(([count], row) => row === 0 || count > 0);
  const width = Math.max(...told.map(([count]) => `${count}`.length));
  return told.map(([count, what, which]) => `${`${count}`.padStart(width)} ${what}${which ? `: ${which}` : ''}`);
}

/**
 * Names in few words: up to three as they are, more by the parts that they begin with, as finely as few groups allow
 * (`encoder_q.fc.weight, encoder_k.* (320), queue`).
 */
export function groupNames(names: readonly string[]): string {
  if (names.length <= MOST_NAMES) return names.join(', ');
  let groups = groupsOf(names, 1);
  const parts = Math.max(...names.map((name) => name.split('.').length));
  for (let depth = 2; depth < parts; depth++) {
    const finer = groupsOf(names, depth);
    if (finer.size > MOST_NAMES) break;
    groups = finer;
  }
  const told = [...groups].map(([begin, own]) => (own.length < 3 ? own.join(', ') : `${begin}.* (${own.length})`));
  const more = told.length - MOST_GROUPS;
  return told.slice(0, MOST_GROUPS).join(', ') + (more > 0 ? ` and ${more} groups more` : '');
}

function groupsOf(names: readonly string[], depth: number): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const name of names) {
    const parts = name.split('.');
    const begin = parts.slice(0, Math.min(depth, Math.max(1, parts.length - 1))).join('.');
    groups.set(begin, [...(groups.get(begin) ?? []), name]);
  }
  return groups;
}
