import { assert, suite } from '../harness.ts';
import { coinHere } from './in_process.ts';

const test = suite('bench augment');

test('a recipe is timed on the adapter and by sharp, where sharp has all of it', async () => {
  const bench = (recipe: string) =>
    coinHere('bench', 'augment', '--recipe', recipe, '--images', '6', '--size', '64', '--rounds', '1');
  const { code, stdout, stderr } = await bench('moco-v2');
  assert.is(code, 0, stderr);
  assert.match(
    stdout,
    /^6 views of 64 × 64 px from decoded images of 500 × 375 px, normalised; sharp on \d+ threads$/m,
  );
  assert.match(stdout, /^recipe +launches +adapter, images\/s +sharp, images\/s\nmoco-v2 +5 +\d+ +\d+$/m);
  assert.match((await bench('mae')).stdout, /^mae +5 +\d+ +–$/m);
});

test.run();
