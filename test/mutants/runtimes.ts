// Faults of what computes elsewhere, and of what tells about an adapter.
import { noticedBy } from './mutant.ts';

const REMOTE = 'gpu/remote.node.test.ts';
const CLIENT = 'src/gpu/remote/client.ts';
const DOCTOR = 'cli/doctor.node.test.ts';

export const mutants = [
  ...noticedBy(
    REMOTE,
    'however their bytes come',
    [
      'bytes of a message begin at its first',
      'src/gpu/remote/messages.ts',
      '[length - bytes.length, bytes.length]',
      '[0, bytes.length]',
    ],
    ['what is left of a frame is dropped', 'src/gpu/remote/messages.ts', 'rest = [all.subarray(end)];', 'rest = [];'],
  ),
  ...noticedBy(REMOTE, 'the same bits as Node', [
    'what is read shares memory with the message',
    'src/gpu/remote/messages.ts',
    'return new Uint8Array(bytes.subarray(part[0], part[0] + part[1]));',
    'return bytes.subarray(part[0], part[0] + part[1]);',
  ]),
  ...noticedBy(REMOTE, 'what is wrong is told', [
    'errors of a device are for another one',
    CLIENT,
    "news.failed === 'all' || news.failed === number",
    "news.failed === 'all'",
  ]),
  ...noticedBy(REMOTE, 'once it is gone', [
    'devices outlive their browser',
    CLIENT,
    "device.lose({ reason: 'unknown', message })",
    'void device',
  ]),
  ...noticedBy(DOCTOR, 'what is missing', [
    'what is there has a consequence',
    'src/report/diagnosis.ts',
    "consequence: value < least ? consequence : ''",
    "consequence: value > least ? consequence : ''",
  ]),
  ...noticedBy(DOCTOR, 'a kernel that is wrong', [
    'failures are left out',
    'src/conformance/self_test.ts',
    'if (wrong.length > 0) failures.push',
    'if (wrong.length > 9) failures.push',
  ]),
  ...noticedBy(DOCTOR, 'a self-test that is aborted', [
    'a self-test cannot be stopped',
    'src/conformance/self_test.ts',
    'if (signal?.aborted) return;',
    'if (signal === undefined) return;',
  ]),
];
