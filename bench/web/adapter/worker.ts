// The adapter page's device: what it has, and what its kernels give.
import { problemOps } from '../../../src/conformance/gradcheck.ts';
import { selfTest } from '../../../src/conformance/self_test.ts';
import type { Device } from '../../../src/gpu/device.ts';
import { type Diagnosis, diagnose, diagnosisMarkdown } from '../../../src/report/diagnosis.ts';
import { setting } from '../shell/browser.ts';
import { serve } from '../shell/serve.ts';

const handlersOf = (device: Device) => ({
  diagnose: async () => ({ diagnosis: diagnose(device, { runtime: setting() }), ops: problemOps }),
  markdown: async (diagnosis: Diagnosis): Promise<string> => diagnosisMarkdown(diagnosis),
  test: (ops: readonly string[], signal: AbortSignal) => selfTest(device, ops, signal),
});

export type AdapterHandlers = ReturnType<typeof handlersOf>;

serve(handlersOf);
