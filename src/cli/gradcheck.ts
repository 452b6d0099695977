import type { Command } from 'commander';
import { conform } from '../conformance/conform.ts';
import { gradcheckCases } from '../conformance/gradcheck.ts';
import { ALL_TILINGS, type CaseOptions, runOptions } from './cases.ts';
import { guarded } from './errors.ts';
import type { Host } from './host.ts';

export function addGradcheck(program: Command, { request }: Host): void {
  program
    .command('gradcheck')
    .description('compare the gradients of every op and candidate with central differences of a float64 reference')
    .argument('[op]', 'only this op')
    .option('--tilings', ALL_TILINGS)
    .action(
      guarded(async (op: string | undefined, options: CaseOptions) => {
        const cases = [...gradcheckCases(op)];
        const device = await request();
        console.error(device.description);
        process.exitCode = await conform(device, cases, console.log, runOptions(options));
      }),
    );
}
