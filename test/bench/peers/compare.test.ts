import { compareKernels, compareTraining } from '../../../bench/peers/compare.ts';
import type { Network } from '../../../bench/peers/networks.ts';
import type { Peer, Prepared, Training } from '../../../bench/peers/peer.ts';
import type { BenchCase } from '../../../src/bench/cases.ts';
import { assert, suite } from '../../harness.ts';

const test = suite('comparison with peers');

const bench = { name: 'case' } as BenchCase;
const network = { name: 'train' } as Network;

interface Fake {
  readonly result?: readonly number[];
  readonly losses?: readonly number[];
  readonly fails?: 'prepare' | 'run' | 'train';
}

/** An engine that takes a millisecond for whatever it is asked. */
function fake(name: string, { result = [1, 2], losses = [1, 1, 1, 9], fails }: Fake = {}): Peer & { disposed: number } {
  const run = async () => {
    await new Promise((done) => setTimeout(done, 1));
    if (fails === 'run') throw new Error('too large');
  };
  const refuse = (what: Fake['fails']) => {
    if (fails === what) throw new Error(`no ${what}`);
  };
  const peer = {
    ...{ name, disposed: 0 },
    async start() {},
    async prepare(): Promise<Prepared> {
      refuse('prepare');
      return { run, read: async () => result, dispose };
    },
    async train(): Promise<Training> {
      refuse('train');
      return { run, losses, dispose };
    },
  };
  const dispose = () => {
    peer.disposed++;
  };
  return peer;
}

test('an engine that cannot run, fails, or has another result says so and leaves the others their times', async () => {
  const engines = [
    fake('own'),
    fake('same', { result: [1, 2.001] }),
    fake('other', { result: [1, 2.01] }),
    fake('unable', { fails: 'prepare' }),
    fake('broken', { fails: 'run' }),
  ];
  const { name, group, timings, without } = await compareKernels(bench, engines);
  assert.equal([name, group], ['case', 'kernels']);
  assert.equal(Object.keys(timings), ['own', 'same']);
  assert.ok(timings.own!.median > 0 && timings.own!.samples > 1);
  assert.equal(Object.keys(without).sort(), ['broken', 'other', 'unable']);
  assert.match(without.other!, /^its result and ours differ by 0\.0050/);
  assert.equal([without.unable, without.broken], ['no prepare', 'too large']);
  assert.equal(
    engines.map(({ disposed }) => disposed),
    [1, 1, 1, 0, 1],
  );
});

test('where ours fails, there is nothing to hold the others to', async () => {
  const { timings, without } = await compareKernels(bench, [fake('own', { fails: 'run' }), fake('other')]);
  assert.equal([timings, Object.keys(without)], [{}, ['own', 'other']]);
});

test('of training, the first losses have to be the same', async () => {
  const engines = [
    fake('own'),
    fake('same', { losses: [1, 1.0001, 1, 7] }),
    fake('other', { losses: [1, 1, 1.01] }),
    fake('unable', { fails: 'train' }),
  ];
  const { group, timings, without } = await compareTraining(network, engines);
  assert.is(group, 'training');
  assert.equal(Object.keys(timings), ['own', 'same']);
  assert.equal(without, { other: 'its losses are 1, 1, 1.01, and ours 1, 1, 1', unable: 'no train' });
});

test.run();
