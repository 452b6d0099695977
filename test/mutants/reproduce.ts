// Faults of making the paper's tables: what is run, and what is compared with what.
import { noticedBy } from './mutant.ts';

const RUNNER = 'src/reproduce/runner.ts';
const CELL = 'src/reproduce/cell.ts';
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
