// Coordinator and workers on a Redis, with trainings that take no time.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cell, hashOfCell } from '../../src/reproduce/cell.ts';
import { type Connection, connectQueue } from '../../src/reproduce/queue/connection.ts';
import { overQueue } from '../../src/reproduce/queue/coordinator.ts';
import { GivenBack, QUEUE, SILENCES } from '../../src/reproduce/queue/job.ts';
import { type WorkerOptions, work } from '../../src/reproduce/queue/worker.ts';
import { type CellEvent, runCells } from '../../src/reproduce/runner.ts';
import { Interrupted } from '../../src/train/interrupted.ts';
import { assert, type Suite, suite } from '../harness.ts';
import { refusal } from '../refusal.ts';
import { outcomeOf } from './made_up.ts';
import { freePort, startRedis, type TestRedis, withoutRedis } from './redis.ts';

const test = suite('a queue of cells');

let folder = '';
let redis: TestRedis | undefined;
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coin-'));
  if (!withoutRedis) redis = await startRedis();
});
test.after(async () => {
  await redis?.stop();
  await rm(folder, { recursive: true });
});
/** A test on an empty Redis. */
const onRedis = (name: string, check: (url: string) => Promise<void>, options?: Parameters<Suite>[2]) =>
  withoutRedis
    ? test.skip(name, withoutRedis)
    : test(
        name,
        async () => {
          const { url } = redis as TestRedis;
          await using(url, ({ client }) => client.flushall());
          await check(url);
        },
        options,
      );

async function using<T>(url: string, action: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await connectQueue(url, () => {});
  try {
    return await action(connection);
  } finally {
    connection.close();
  }
}

const cellOf = (seed: number): Cell => ({
  settings: { method: 'scl', seed },
  data: { name: 'cifar10', sha256: 'ef' },
});
const seedOf = ({ settings }: Cell) => settings.seed as number;
const cellsOf = (...seeds: number[]) => new Map(seeds.map((seed) => [hashOfCell(cellOf(seed)), cellOf(seed)] as const));

/** Follows cells to their end. What came of them by seed, and what was told. */
async function follow(
  url: string,
  cells: ReadonlyMap<string, Cell>,
  {
    out,
    signal = new AbortController().signal,
    priority = 10,
    onEvent,
  }: { out: string; signal?: AbortSignal; priority?: number; onEvent?: (event: CellEvent) => void },
) {
  const told: CellEvent[] = [];
  const { outcomes, failures, interrupted } = await using(url, (connection) => {
    const own = join(folder, out);
    const run = overQueue(connection, {
      ...{ folder: own, priority, signal, every: 30 },
      titleOf: (hash) => `seed ${seedOf(cells.get(hash)!)}`,
      placesOf: () => ({ data: '/data' }),
    });
    return runCells(cells, run, {
      folder: own,
      onEvent(event) {
        told.push(event);
        onEvent?.(event);
      },
    });
  });
  const bySeed = <T>(values: ReadonlyMap<string, T>) =>
    Object.fromEntries([...values].map(([hash, value]) => [seedOf(cells.get(hash)!), value]));
  return { outcomes: bySeed(outcomes), failures: bySeed(failures), interrupted, told };
}

/** Has workers while something is done; which of them began which seeds, in order. */
async function withWorkers<T>(
  url: string,
  workers: Readonly<Record<string, (seed: number, signal: AbortSignal) => Promise<void> | void>>,
  action: (notes: readonly string[], end: (name: string) => void) => Promise<T>,
  silence = 5000,
): Promise<{ result: T; begun: string[]; notes: string[] }> {
  const begun: string[] = [];
  const notes: string[] = [];
  const controllers = Object.fromEntries(Object.keys(workers).map((name) => [name, new AbortController()]));
  const running = Object.entries(workers).map(([name, train]) =>
    using(url, (connection) => {
      const options: WorkerOptions = {
        ...{ name, silence, pause: 50, signal: controllers[name]!.signal, onNote: (note) => notes.push(note) },
        async train(_hash, { cell, places }, { signal, tell }) {
          assert.equal(places, { data: '/data' });
          begun.push(`${name}: ${seedOf(cell)}`);
          tell({ adapter: `adapter of ${name}`, from: 0, epoch: 0.5, epochs: 2 });
          await train(seedOf(cell), signal);
          return { ...outcomeOf(seedOf(cell)), adapter: `adapter of ${name}` };
        },
      };
      return work(connection, options);
    }),
  );
  try {
    const result = await action(notes, (name) => controllers[name]?.abort());
    return { result, begun, notes };
  } finally {
    for (const controller of Object.values(controllers)) controller.abort();
    await Promise.all(running);
  }
}

const pause = (milliseconds: number) => new Promise<void>((done) => setTimeout(done, milliseconds));
/** Until the signal asks for an end, as a training does. */
const untilAsked = (_seed: number, signal: AbortSignal) =>
  new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(new Interrupted('so'))));

onRedis('outcomes come with their worker and are kept, here and in the queue', async (url) => {
  const cells = cellsOf(0, 1, 2);
  const { result, begun } = await withWorkers(url, { one: () => pause(60) }, () => follow(url, cells, { out: 'a' }));
  assert.equal(begun, ['one: 0', 'one: 1', 'one: 2']);
  assert.equal(
    Object.values(result.outcomes).map(({ worker, adapter, run }) => [worker, adapter, run.top1]),
    [0, 1, 2].map((seed) => ['one', 'adapter of one', seed]),
  );
  const types = result.told.map(({ type }) => type);
  assert.is(types.filter((type) => type === 'finished').length, 3);
  assert.ok(
    result.told.some((event) => event.type === 'begun' && event.worker === 'one'),
    types.join(),
  );
  assert.ok(result.told.some((event) => event.type === 'running' && event.progress.epochs === 2));
  // Nobody is there any more: the same folder has it all, and another one finds it in the queue.
  assert.ok((await follow(url, cells, { out: 'a' })).told.every((event) => event.type === 'finished' && event.known));
  assert.equal(Object.keys((await follow(url, cells, { out: 'b' })).outcomes), ['0', '1', '2']);
});

onRedis(
  'a cell that fails is tried three times, keeps no other from being run, and is tried again later',
  async (url) => {
    const cells = cellsOf(0, 1);
    let isBroken = true;
    const fail = (seed: number) => {
      if (isBroken && seed === 0) throw new Error('The loss became NaN.');
    };
    const { begun } = await withWorkers(url, { one: fail }, async (notes) => {
      const { failures, outcomes, told } = await follow(url, cells, { out: 'failing' });
      assert.equal(
        Object.entries(failures).map(([seed, { message }]) => [seed, message]),
        [['0', 'The loss became NaN. (3 times, at last at one)']],
      );
      assert.equal(Object.keys(outcomes), ['1']);
      assert.ok(
        told.some((event) => event.type === 'waiting' && event.why === 'It failed at one (The loss became NaN.)'),
      );
      assert.is(notes[0], 'seed 0 failed: The loss became NaN.');
      isBroken = false;
      assert.equal(Object.keys((await follow(url, cells, { out: 'failing' })).outcomes), ['0', '1']);
    });
    assert.equal(begun.filter((one) => one === 'one: 0').length, 4);
  },
);

onRedis('what a worker lacks goes back for others, who is told of it', async (url) => {
  let offered = 0;
  const lacks = (seed: number) => {
    if (seed !== 1) return;
    offered += 1;
    throw new GivenBack('poor has not what seed 1 needs: CIFAR-10');
  };
  const { result, notes } = await withWorkers(url, { poor: lacks }, async () => {
    const all = follow(url, cellsOf(0, 1), { out: 'lacking' });
    // More often than a cell may fail.
    while (offered < 5) await pause(10);
    return (await withWorkers(url, { rich: () => {} }, () => all)).result;
  });
  assert.equal(
    Object.values(result.outcomes).map(({ worker }) => worker),
    ['poor', 'rich'],
  );
  assert.equal(notes, ['poor has not what seed 1 needs: CIFAR-10; it goes back for others.']);
  assert.ok(
    result.told.some((event) => event.type === 'waiting' && event.why === 'poor has not what seed 1 needs: CIFAR-10'),
    JSON.stringify(result.told),
  );
});

onRedis('smaller priorities come first, also of cells that another coordinator had queued', async (url) => {
  const { begun } = await withWorkers(url, {}, async () => {
    const asked = new AbortController();
    const late = follow(url, cellsOf(0, 1, 2), { out: 'late', priority: 20, signal: asked.signal });
    await pause(100);
    const soon = follow(url, cellsOf(3, 2), { out: 'soon', priority: 5 });
    await pause(100);
    asked.abort();
    assert.is((await late).interrupted, true);
    const { begun } = await withWorkers(url, { one: () => {} }, async () => {
      await soon;
      await follow(url, cellsOf(0, 1), { out: 'late' });
    });
    return assert.equal(begun, ['one: 3', 'one: 2', 'one: 0', 'one: 1']);
  });
  assert.equal(begun, []);
});

onRedis('a worker that is asked to end gives its cell to another', async (url) => {
  const { result, begun } = await withWorkers(url, { first: untilAsked }, async (_, end) => {
    let begin = () => {};
    const isBegun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const all = follow(url, cellsOf(0), { out: 'asked', onEvent: ({ type }) => type === 'begun' && begin() });
    await isBegun;
    end('first');
    return withWorkers(url, { second: () => pause(50) }, () => all);
  });
  assert.equal([begun, result.begun], [['first: 0'], ['second: 0']]);
  assert.ok(
    result.result.told.some(
      (event) => event.type === 'waiting' && /^first (was asked to end|gave it back)$/.test(event.why),
    ),
    JSON.stringify(result.result.told),
  );
  assert.is(result.result.outcomes[0]!.worker, 'second');
});

onRedis('a cell whose workers fall silent goes to others, but not for ever', async (url) => {
  await using(url, async ({ client, bullmq }) => {
    // It takes jobs and does nothing for them.
    const how = { connection: client, name: 'dead', lockDuration: 50, stalledInterval: 50, skipLockRenewal: true };
    const dead = new bullmq.Worker(QUEUE, null, { ...how, maxStalledCount: SILENCES });
    await dead.startStalledCheckTimer();
    const all = follow(url, cellsOf(0), { out: 'silent' });
    for (let i = 0; i <= SILENCES; i++) {
      while (!(await dead.getNextJob(`${i}`, { block: false }))) await pause(10);
      while ((await client.llen(`bull:${QUEUE}:active`)) > 0) await pause(10);
    }
    const { result, begun } = await withWorkers(url, { one: () => {} }, () => all);
    await dead.close();
    assert.equal(
      Object.values(result.failures).map(({ message }) => message),
      ['3 workers that had it fell silent one after the other.'],
    );
    assert.equal(begun, []);
    assert.ok(result.told.some((event) => event.type === 'waiting' && event.why.startsWith('dead fell silent')));
  });
});

onRedis('a worker that lost its cell ends the training of it', async (url) => {
  const [hash] = cellsOf(0).keys();
  let times = 0;
  const { result, begun, notes } = await withWorkers(
    url,
    { one: (seed, signal) => (times++ === 0 ? untilAsked(seed, signal) : undefined) },
    () =>
      follow(url, cellsOf(0), {
        out: 'taken',
        onEvent({ type }) {
          if (type !== 'begun' || times > 1) return;
          void using(url, ({ client }) => client.del(`bull:${QUEUE}:cell-${hash}:lock`));
        },
      }),
    1500,
  );
  assert.equal(begun, ['one: 0', 'one: 0']);
  assert.equal(notes, ['one was silent for too long, so seed 0 is no longer its own.']);
  assert.equal(Object.keys(result.outcomes), ['0']);
});

onRedis('cells that Redis has lost are queued again, and that nobody works is told', async (url) => {
  let isLost = false;
  let working: Promise<unknown> = Promise.resolve();
  const { told } = await follow(url, cellsOf(0, 1), {
    out: 'lost',
    onEvent(event) {
      if (event.type !== 'note' || isLost) return;
      isLost = true;
      assert.is(event.message, `No worker is at ${url}; start some: coin worker --queue ${url}`);
      working = using(url, ({ client }) => client.flushall()).then(() =>
        withWorkers(url, { one: () => {} }, () => pause(200)),
      );
    },
  });
  await working;
  assert.is(told.filter(({ type }) => type === 'finished').length, 2);
});

onRedis('a password that is missing or wrong is told, and never shown', async (url) => {
  await using(url, async ({ client }) => {
    await client.config('SET', 'requirepass', 'secret');
    try {
      const { host } = new URL(url);
      assert.match(
        await refusal(connectQueue(url, () => {})),
        /^The queue redis:\/\/[\d.:]+ does not let this program in \(NOAUTH .*\); give user and password/,
      );
      const wrong = await refusal(connectQueue(`redis://:guess@${host}`, () => {}));
      assert.match(wrong, /^The queue redis:\/\/[\d.:]+ does not let this program in \(WRONGPASS /);
      assert.not.match(wrong, /guess/);
      await using(`redis://:secret@${host}`, async ({ address }) => assert.is(address, url));
    } finally {
      await client.config('SET', 'requirepass', '');
    }
  });
});

test('a queue that cannot be had is told in one sentence', async () => {
  for (const url of ['nonsense', 'http://127.0.0.1:6379', 'redis://'])
    assert.is(
      await refusal(connectQueue(url, () => {})),
      `"${url}" is no address of a queue; it must be like redis://HOST:6379.`,
    );
  const port = await freePort();
  assert.match(
    await refusal(connectQueue(`redis://127.0.0.1:${port}`, () => {})),
    /^The queue redis:\/\/127\.0\.0\.1:\d+ cannot be reached \(connect ECONNREFUSED .*\); start Redis there/,
  );
  assert.is(
    await refusal(
      connectQueue(
        'redis://127.0.0.1:1',
        () => {},
        () => Promise.reject(new Error('Cannot find package')),
      ),
    ),
    'A queue needs packages that are not installed: npm install bullmq@6.7.0 ioredis@5.11.1.',
  );
});

test.run();
