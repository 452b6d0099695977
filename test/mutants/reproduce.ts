// Faults of making the paper's tables: what is run, and what is compared with what.
import { noticedBy } from './mutant.ts';

const RUNNER = 'src/reproduce/runner.ts';
const CELL = 'src/reproduce/cell.ts';
const COORDINATOR = 'src/reproduce/queue/coordinator.ts';
const WORKER = 'src/reproduce/queue/worker.ts';
const COLLECT = 'src/reproduce/collect.ts';

export const mutants = [
  ...noticedBy(
    'reproduce/runner.node.test.ts',
    'what is finished is not run again',
    ['finished cells are run again', RUNNER, '.filter(([hash]) => !outcomes.has(hash))', '.filter(() => true)'],
    ['an interruption is a failure', RUNNER, 'if (error instanceof Interrupted)', 'if (error === undefined)'],
  ),
  ...noticedBy('reproduce/runner.node.test.ts', "a cell's hash is of what decides it", [
    'cells of other weights are the same',
    CELL,
    'weights?.sha256 ?? null',
    'null',
  ]),
  ...noticedBy('reproduce/runner.node.test.ts', "a cell's hash is of what decides it", [
    'cells of other images of one name are the same',
    CELL,
    'data.sha256, weights',
    'data.name, weights',
  ]),
  ...noticedBy('cli/contents.node.test.ts', 'a data set is named by its images and labels', [
    'test images are no part of what a data set is',
    'src/cli/contents.ts',
    '(await sourceOf(train)).sha256, (await sourceOf(test)).sha256',
    '(await sourceOf(train)).sha256',
  ]),
  ...noticedBy(
    'reproduce/queue.node.test.ts',
    'a cell that fails is tried three times',
    ['what failed is tried once', COORDINATOR, 'attempts: ATTEMPTS', 'attempts: 1'],
    ['what failed before is not tried again', COORDINATOR, "isFirst && state === 'failed'", 'false'],
  ),
  ...noticedBy('reproduce/queue.node.test.ts', 'what a worker lacks goes back for others', [
    'what a worker lacks is a failure',
    WORKER,
    'if (error instanceof GivenBack)',
    'if (error === undefined)',
  ]),
  ...noticedBy('reproduce/queue.node.test.ts', 'cells that Redis has lost are queued again', [
    'what is lost is waited for',
    COORDINATOR,
    'if (!job || isOld)',
    'if (!job && !isFirst) return;\n      if (!job || isOld)',
  ]),
  ...noticedBy('reproduce/queue.node.test.ts', 'smaller priorities come first', [
    'another priority has no effect',
    COORDINATOR,
    'job.priority > options.priority',
    'job.priority < 0',
  ]),
  ...noticedBy('cli/sweep_shown.node.test.ts', 'adapters are told apart', [
    'differences of one adapter count as of two',
    'src/reproduce/adapters.ts',
    '[one !== two]',
    '[true]',
  ]),
  ...noticedBy('cli/sweep.node.test.ts', 'of 12 cells', [
    'what another began is begun anew',
    'src/cli/reproduce_cell.ts',
    "begun ? ['--resume', folder]",
    "begun && !folder ? ['--resume', folder]",
  ]),
  ...noticedBy(
    'reproduce/collect.node.test.ts',
    'a place has the mean over seeds',
    ['differences are not of the same seed', COLLECT, 'other.values.get(seed)', 'other.values.values().next().value'],
    ['a row is compared with itself', COLLECT, 'against === row.label ? undefined : placed', 'placed'],
  ),
  ...noticedBy('reproduce/collect.node.test.ts', 'several data sets have an average', [
    'a part of the data sets has the average of all',
    COLLECT,
    'return isWhole(plan) ? average : undefined;',
    'return average;',
  ]),
  ...noticedBy('cli/reproduce.node.test.ts', 'only the rows of some methods are made', [
    'rows of all methods are made',
    'src/reproduce/recipes.ts',
    'names.includes(String(methodOf(row)))',
    'true',
  ]),
  ...noticedBy('metrics/paired.test.ts', 'the interval of additional hours', [
    'there is one more degree of freedom',
    'src/metrics/paired.ts',
    'T[Math.min(pairs - 1, T.length) - 1]',
    'T[Math.min(pairs - 1, T.length)]',
  ]),
];
