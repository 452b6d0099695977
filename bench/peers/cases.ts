import { type BenchCase, selectCases } from '../../src/bench/cases.ts';
import { type Network, selectNetworks } from './networks.ts';

/** The kernels that are compared: two matrix products, and three convolutions with both gradients. */
const KERNELS = [
  'matmul 512 NN',
  'matmul 1024 NN',
  'conv 3x3 s1 N16 C64 16x16 K64',
  'conv 3x3 s2 N16 C64 16x16 K128',
  'conv 1x1 s1 N16 C64 16x16 K128',
];
const NETWORKS = ['train small CNN 28x28x1', 'train ResNet-8', 'train ResNet-18'];

/** What is compared, or the part of it whose names have every word of `pattern`. Throws when there is none. */
export function selectCompared(pattern: string): { kernels: BenchCase[]; networks: Network[] } {
  const words = pattern.split(/\s+/);
  const wanted = ({ name }: { name: string }) => words.every((word) => name.includes(word));
  const kernels = KERNELS.flatMap((kernel) => selectCases(kernel)).filter(wanted);
  const networks = NETWORKS.flatMap((network) => selectNetworks(network)).filter(wanted);
  if (kernels.length + networks.length === 0) throw new Error(`Nothing that is compared matches "${pattern}".`);
  return { kernels, networks };
}
