import { CANDIDATES, type Candidates } from '../../../src/bench/variants.ts';
import { type PeerName, peerNames } from '../../peers/names.ts';
import { networks } from '../../peers/networks.ts';

/** What is run, as the page's address has it. */
export interface Choice {
  /** Words that a case's name and tags have to have. */
  readonly pattern: string;
  readonly all: boolean;
  readonly candidates: Candidates;
  /** The engines that are timed beside this one. */
  readonly peers: readonly PeerName[];
  /** The networks whose training steps are timed, by name. */
  readonly networks: readonly string[];
  /** Of the browser, as told by whoever started it. */
  readonly flags: string;
}

/** The part of an address behind its `#`; what is as usual is left out. */
export function encodeChoice({ pattern, all, candidates, peers, networks: trained, flags }: Choice): string {
  return new URLSearchParams({
    ...(pattern && { cases: pattern }),
    ...(all && { all: 'yes' }),
    ...(candidates !== 'default' && { candidates }),
    ...(peers.length > 0 && { peers: peers.join(',') }),
    ...(trained.length > 0 && { train: trained.join(',') }),
    ...(flags && { flags }),
  }).toString();
}

/** The inverse; what is not known is left out. */
export function decodeChoice(text: string): Choice {
  const given = new URLSearchParams(text);
  const list = (name: string) => given.get(name)?.split(',') ?? [];
  const candidates = given.get('candidates') as Candidates;
  return {
    pattern: given.get('cases') ?? '',
    all: given.get('all') === 'yes',
    candidates: CANDIDATES.includes(candidates) ? candidates : 'default',
    peers: peerNames.filter((name) => list('peers').includes(name)),
    networks: networks.flatMap(({ name }) => (list('train').includes(name) ? [name] : [])),
    flags: given.get('flags') ?? '',
  };
}
