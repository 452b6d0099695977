// Runs kernels and training steps through this engine and its peers, all in one page and on one adapter, taking turns.
// Arguments are words that the names of cases must have. The last line that it prints is a summary as JSON.
import { requestDevice } from '../../src/gpu/device.ts';
import { selectCompared } from './cases.ts';
import { compareKernels, compareTraining, TOLERANCE } from './compare.ts';
import { jax } from './jax.ts';
import { ours } from './ours.ts';
import { type Comparison, summarise } from './summary.ts';
import { printHeading, printRow } from './table.ts';
import { tfjs } from './tfjs.ts';

async function main(pattern: string): Promise<void> {
  const device = await requestDevice();
  const own = ours(device);
  const peers = [tfjs, jax];
  const engines = [own, ...peers];
  for (const engine of engines) await engine.start();
  const names = peers.map(({ name }) => name);
  const { kernels, networks } = selectCompared(pattern);
  console.log(`Adapter: ${device.target.name}. Results and first losses are held to agree within ${TOLERANCE}.
`);
  printHeading(own.name, names);
  const comparisons: Comparison[] = [];
  const add = (comparison: Comparison) => {
    comparisons.push(comparison);
    printRow(comparison, own.name, names);
  };
  for (const bench of kernels) add(await compareKernels(bench, engines));
  for (const network of networks) add(await compareTraining(network, engines));
  console.log(`\n${JSON.stringify(summarise(device.target.name, comparisons, own.name, names))}`);
}

main(testPage?.args.join(' ') ?? '').then(
  () => testPage?.exit(0),
  (error: Error) => {
    console.log(`error: ${error.message}`);
    testPage?.exit(1);
  },
);
