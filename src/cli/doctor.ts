import type { Command } from 'commander';
import { type SelfTested, selfTest } from '../conformance/self_test.ts';
import type { Device } from '../gpu/device.ts';
import { diagnose, diagnosisMarkdown } from '../report/diagnosis.ts';
import { guarded } from './errors.ts';
import { type Host, setting } from './host.ts';

interface Options {
  readonly json?: true;
  readonly test: boolean;
}

export function addDoctor(program: Command, host: Host): void {
  program
    .command('doctor')
    .description(
      'tell which WebGPU adapter is used and why, what it lacks and what would be faster, and hold every kernel candidate to float64; Markdown for a bug report',
    )
    .argument('[op...]', 'hold only the kernels of these ops to float64')
    .option('--json', 'the same as JSON')
    .option('--no-test', 'leave the kernels alone: they take a minute or two without a GPU')
    .action(
      guarded(async (ops: string[], { json, test }: Options) => {
        const device = await host.request();
        console.error(device.description);
        const found = await host.found().catch(() => []);
        const tested = test ? await testKernels(device, ops) : [];
        const diagnosis = diagnose(device, { runtime: setting(host), found, selfTest: tested });
        console.log(json ? JSON.stringify(diagnosis, null, 2) : diagnosisMarkdown(diagnosis));
        const failed = tested.reduce((sum, { failures }) => sum + failures.length, 0);
        if (failed > 0) throw new Error(`${failed} checks of kernels failed, as told above.`);
      }),
    );
}

async function testKernels(device: Device, ops: readonly string[]): Promise<SelfTested[]> {
  const tested: SelfTested[] = [];
  for await (const own of selfTest(device, ops.length > 0 ? ops : undefined)) {
    tested.push(own);
    const { op, checks, failures } = own;
    console.error(`${op}: ${checks - failures.length} of ${checks} passed`);
  }
  return tested;
}
