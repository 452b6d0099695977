import '@tensorflow/tfjs-backend-webgpu';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';

/** Makes WebGPU what tfjs computes with. Throws where it finds none. */
export async function start(): Promise<void> {
  if (!(await tf.setBackend('webgpu'))) throw new Error('tfjs found no WebGPU.');
  await tf.ready();
}

/** Submits what tfjs has gathered and waits until the GPU has done it. */
export async function idle(): Promise<void> {
  const backend = tf.backend() as WebGPUBackend;
  backend.ensureCommandEncoderReady();
  backend.endComputePassEncoder();
  backend.submitQueue();
  await backend.queue.onSubmittedWorkDone();
}
