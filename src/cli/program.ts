import { Command } from 'commander';
import { version } from '../../package.json';
import { addBench } from './bench.ts';
import { addBenchStep } from './bench_step.ts';
import { addConformance } from './conformance.ts';
import { addDemo } from './demo.ts';
import { addDevices } from './devices.ts';
import { addEval } from './eval.ts';
import { addGradcheck } from './gradcheck.ts';
import { addKernel } from './kernel.ts';
import { addPretrain } from './pretrain.ts';
import { addTrain } from './train.ts';

/** The command line. Errors that are not told yet are thrown; a command's own are told, and leave exit code 1. */
export function createProgram(): Command {
  const program = new Command('coin')
    .description('Fine-tune self-supervised image encoders with COIN on WebGPU.')
    .version(version)
    .showHelpAfterError('(coin COMMAND --help tells all options)')
    .exitOverride();

  for (const add of [
    addDemo,
    addTrain,
    addPretrain,
    addEval,
    addDevices,
    addConformance,
    addGradcheck,
    addKernel,
    addBench,
    addBenchStep,
  ])
    add(program);
  for (const command of program.commands) command.exitOverride().showHelpAfterError(false);
  return program;
}
