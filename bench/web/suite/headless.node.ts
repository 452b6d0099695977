// What a program tells the suite page that it opens in a headless browser.
import { CHROMIUM_FLAGS } from '../../../src/gpu/remote/chromium.node.ts';
import { peerNames } from '../../peers/names.ts';
import { networks } from '../../peers/networks.ts';
import { encodeChoice } from './choice.ts';

/**
 * The address of a choice, behind `#`: `cases` are words, `peers` names or `all`, `train` parts of networks' names or `all`.
 * Throws where one is not known.
 */
export function choiceOf({ cases, peers, train }: Readonly<Record<'cases' | 'peers' | 'train', string>>): string {
  return encodeChoice({
    ...{ pattern: cases, all: false, candidates: 'default', flags: CHROMIUM_FLAGS.join(' ') },
    peers: named(peers, peerNames),
    networks: named(
      train,
      networks.map(({ name }) => name),
    ),
  });
}

function named<T extends string>(text: string, all: readonly T[]): T[] {
  const words = text.split(',').filter(Boolean);
  for (const word of words)
    if (word !== 'all' && !all.some((name) => name.includes(word)))
      throw new Error(`there is no "${word}": choose among ${all.join(', ')}, or all`);
  return all.filter((name) => words.some((word) => word === 'all' || name.includes(word)));
}
