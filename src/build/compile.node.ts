import { checkText } from '../gpu/kernel/pipelines.ts';
import { requestNullDevice } from '../gpu/null.node.ts';
import type { Compile } from './kernels.ts';

/** Dawn's compiler with all features that kernels can enable, or undefined, with a note, where Dawn does not load. */
export async function createCompiler(): Promise<Compile | undefined> {
  try {
    const gpu = await requestNullDevice();
    return (kernel, composed) => checkText(gpu, kernel, composed);
  } catch (error) {
    console.error(`note: kernels are not compiled, since Dawn does not load here: ${(error as Error).message}`);
    return undefined;
  }
}
