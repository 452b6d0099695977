import { compilerError } from '../gpu/kernel/pipelines.ts';
import { requestNullDevice } from '../gpu/null.node.ts';
import type { Compile } from './kernels.ts';

/** Dawn's compiler with all features that kernels can enable, or undefined, with a note, where Dawn does not load. */
export async function createCompiler(): Promise<Compile | undefined> {
  try {
    const gpu = await requestNullDevice();
    return async (kernel, composed) => {
      // What is wrong is asked for, and not also to be raised as the device's error.
      gpu.pushErrorScope('validation');
      const module = gpu.createShaderModule({ label: kernel, code: composed.text });
      await gpu.popErrorScope();
      return compilerError(module, kernel, composed);
    };
  } catch (error) {
    console.error(`note: kernels are not compiled, since Dawn does not load here: ${(error as Error).message}`);
    return undefined;
  }
}
