import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { trainCell } from '../../src/cli/reproduce_cell.ts';
import { sourcesOf } from '../../src/cli/reproduce_sources.ts';
import { experiments } from '../../src/reproduce/experiments/index.ts';
import { placesOf, planOf } from '../../src/reproduce/plan.ts';
import { scales } from '../../src/reproduce/scales.ts';
import { assert, suite } from '../harness.ts';
import { captured } from './in_process.ts';

const test = suite('cells');

test('each cell at the smallest scale is told only what its method reads', async () => {
  const folder = join(tmpdir(), `coin-cells-${process.pid}`);
  const request = () => Promise.reject(new Error('all is understood'));
  const cells = new Map<string, Parameters<typeof trainCell>[0]>();
  const sources = await sourcesOf(experiments[0]!, scales.smoke, {});
  for (const experiment of experiments)
    for (const { hash, cell } of planOf(experiment, scales.smoke, sources).entries) cells.set(hash, cell);
  assert.ok(cells.size >= 25);
  try {
    for (const cell of cells.values()) {
      const { result } = await captured(() =>
        trainCell(cell, folder, {
          places: placesOf(cell, sources),
          devices: { request, release() {} },
        }).catch(({ message }: Error) => message),
      );
      assert.is(result, 'all is understood', JSON.stringify(cell.settings));
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test.run();
