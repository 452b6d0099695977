import { Command, CommanderError } from 'commander';
import { version } from '../../package.json';
import { requestDevice } from '../node.ts';
import { addBench } from './bench.ts';
import { addBenchAugment } from './bench_augment.ts';
import { addBenchMethods } from './bench_methods.ts';
import { addBenchSDbw } from './bench_s_dbw.ts';
import { addBenchStep } from './bench_step.ts';
import { addConformance } from './conformance.ts';
import { addConvert } from './convert.ts';
import { addData } from './data.ts';
import { addDemo } from './demo.ts';
import { addDoctor } from './doctor.ts';
import { fail } from './errors.ts';
import { addEval } from './eval.ts';
import { addExport } from './export.ts';
import { addFeatures } from './features.ts';
import { addGradcheck } from './gradcheck.ts';
import { createHost, type Host } from './host.ts';
import { addInspect } from './inspect.ts';
import { addKernel } from './kernel.ts';
import { staleModules } from './modules.node.ts';
import { addPredict } from './predict.ts';
import { addPrepare } from './prepare.ts';
import { addPretrain } from './pretrain.ts';
import { addReproduce } from './reproduce.ts';
import { addTrain } from './train.ts';
import { addWorker } from './worker.ts';

/**
 * Runs a command line. `request` gives the device that commands train and evaluate on. What goes wrong is told in a sentence, and
 * leaves exit code 1.
 */
export async function runProgram(
  args: readonly string[],
  request: typeof requestDevice = requestDevice,
): Promise<void> {
  const host = createHost(request);
  try {
    await createProgram(host).parseAsync(args, { from: 'user' });
  } catch (error) {
    // Commander has already said what was wrong, or shown the help that was asked for.
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 1;
    else fail(error);
  } finally {
    await host.close();
  }
}

/** What can be told where to compute. */
const COMPUTING = [
  'demo',
  'train',
  'pretrain',
  'eval',
  'predict',
  'features',
  'doctor',
  'conformance',
  'gradcheck',
  'bench',
];

function createProgram(host: Host): Command {
  const { request } = host;
  const program = new Command('coin')
    .description('Fine-tune self-supervised image encoders with COIN on WebGPU.')
    .version(version)
    .showHelpAfterError('(coin COMMAND --help tells all options)')
    .exitOverride();

  for (const add of [addDemo, addTrain, addPretrain, addEval, addPredict, addFeatures, addReproduce, addWorker])
    add(program, request);
  for (const add of [addData, addPrepare, addInspect, addConvert, addExport, addKernel]) add(program);
  for (const add of [addDoctor, addConformance, addGradcheck, addBench]) add(program, host);
  addBenchStep(program, request);
  addBenchAugment(program, request);
  addBenchMethods(program, request);
  addBenchSDbw(program);
  for (const command of program.commands)
    if (COMPUTING.includes(command.name())) for (const own of [command, ...command.commands]) host.offer(own);
  // The command of kernels takes them from the disk.
  program.hook('preAction', async (_program, command) => {
    await host.enter(command);
    const stale = command.name() === 'kernel' ? undefined : await staleModules();
    if (stale) console.error(stale);
  });
  for (const command of program.commands) command.exitOverride().showHelpAfterError(false);
  return program;
}
