import type { Command } from 'commander';
import { conform, readCases } from '../conformance/conform.ts';
import { ALL_TILINGS, type CaseOptions, runOptions, selectCases } from './cases.ts';
import { guarded } from './errors.ts';
import type { Host } from './host.ts';

export function addConformance(program: Command, { request }: Host): void {
  program
    .command('conformance')
    .description(
      'run golden cases (inputs, outputs and gradients in *.safetensors) with every kernel candidate, and read or refuse checkpoints',
    )
    .argument(
      '[what...]',
      'folders with cases (default: test/golden and those in it), and ops, to run only their cases',
    )
    .option('--tilings', ALL_TILINGS)
    .action(
      guarded(async (what: string[], options: CaseOptions) => {
        const cases = await selectCases(what);
        const device = await request();
        console.error(device.description);
        process.exitCode = await conform(device, readCases(cases), console.log, runOptions(options));
      }),
    );
}
