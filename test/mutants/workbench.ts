// Faults of the workbench: what it would tell a person that is not so.
import { noticedBy } from './mutant.ts';

const FILE = 'workbench/parts.test.ts';

export const mutants = [
  ...noticedBy('workbench/ablation.node.test.ts', 'costs stand at the lines', [
    'constants that were given are not taken',
    'src/workbench/ablation.ts',
    'inputs, tiles);',
    'inputs);',
  ]),
  ...noticedBy(FILE, 'what a later check finds wrong has no numbers', [
    'numbers stay where a check has failed',
    'src/workbench/summary.ts',
    'failures: finding.failures, timed: []',
    'failures: finding.failures',
  ]),
  ...noticedBy(FILE, 'a uniform cuts a function behind each statement', [
    'what stands behind a loop is not cut off with what is inside',
    'src/workbench/cuts.ts',
    'insert(to, first, cuts.length - 1, exit);',
    'insert(to, cuts.length - 1, cuts.length - 1, exit);',
  ]),
  ...noticedBy(FILE, 'times of later cuts are no less', [
    'neighbours share the larger time',
    'src/workbench/ablation.ts',
    '(group.mean * group.count + before.mean * before.count) / count',
    'before.mean',
  ]),
  ...noticedBy(
    FILE,
    'a search takes what is faster',
    ['a search goes on at the roof', 'src/workbench/search.ts', 'if (share >= NEAR)', 'if (share >= 2 * NEAR)'],
    ['what is hopeless is compared', 'src/workbench/search.ts', 'const HOPELESS = 1.4;', 'const HOPELESS = 1e9;'],
  ),
  ...noticedBy(FILE, 'a state is the same after it was text', [
    'what unpacks to any size is unpacked',
    'src/workbench/state.ts',
    'const MOST_BYTES = 2 ** 20;',
    'const MOST_BYTES = 2 ** 40;',
  ]),
  ...noticedBy('workbench/workbench.node.test.ts', 'what a few checks do not see', [
    'the checks that are left are not made',
    'src/workbench/judge.ts',
    'if (restAfter === undefined || tiles',
    'if (restAfter !== undefined || tiles',
  ]),
];
