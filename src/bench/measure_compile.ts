import type { Device } from '../gpu/device.ts';
import { type Command, encode } from '../gpu/program/command.ts';
import { type Bound, type Prepared, prepare } from '../gpu/program/prepare.ts';
import { compile, type Program } from '../gpu/program/program.ts';
import type { Tape } from '../tape/tape.ts';

export interface CompileTimes {
  readonly program: Program;
  /** Until all pipelines were compiled in parallel and each had run one workgroup, since some drivers compile only then. */
  readonly seconds: number;
  /** Each pipeline compiled and first run alone, the slowest first. */
  readonly pipelines: readonly PipelineTime[];
}

export interface PipelineTime {
  readonly kernel: string;
  readonly constants: Readonly<Record<string, number>>;
  readonly milliseconds: number;
  /** Of all threads of this process, where there is a clock for that: drivers for processors compile in it. */
  readonly processor: number | undefined;
}

/**
 * Compiles a tape on `device`, which has compiled nothing yet, and each of its pipelines alone on `another` one.
 * `processorTime` tells the milliseconds that the process has worked so far: what it took does not depend on what else the
 * machine does. Leaves nonsense in the memory of what the tape writes on the latter, and in parameters on both.
 */
export async function measureCompile(
  device: Device,
  tape: Tape,
  another: Device,
  processorTime?: () => number,
): Promise<CompileTimes> {
  const start = performance.now();
  const program = await compile(device, tape);
  const compiled = performance.now() - start;
  // Pipelines and memory are there already: this only gives the commands.
  const prepared = await prepare(device, tape);
  await touch(device, prepared);
  const first = performance.now();
  const bound = prepared.bind();
  runOnce(
    device,
    firstOfEach(bound).map((index) => bound.commands[index] as Command),
  );
  await device.idle();
  const seconds = (compiled + performance.now() - first) / 1000;
  prepared.destroy();
  return {
    program,
    seconds,
    pipelines: await oneByOne(another, tape, processorTime),
  };
}

interface Taken {
  readonly milliseconds: number;
  readonly processor: number;
}

async function oneByOne(
  device: Device,
  tape: Tape,
  processorTime: (() => number) | undefined,
): Promise<PipelineTime[]> {
  const clocked = async (action: () => Promise<unknown>): Promise<Taken> => {
    const [start, before] = [performance.now(), processorTime?.() ?? 0];
    await action();
    return { milliseconds: performance.now() - start, processor: (processorTime?.() ?? 0) - before };
  };
  const created: Taken[] = [];
  for (const { kernel, constants } of tape.dispatches)
    created.push(await clocked(() => device.wait(device.pipelines.get(kernel, constants))));
  const prepared = await prepare(device, tape);
  await touch(device, prepared);
  const times: PipelineTime[] = [];
  for (const index of firstOfEach(prepared.bind())) {
    const dispatch = prepared.planned.dispatches[index] as Prepared['planned']['dispatches'][number];
    const made = created[tape.dispatches.indexOf(dispatch)] as Taken;
    const ran = await clocked(async () => {
      runOnce(device, [prepared.bind().commands[index] as Command]);
      await device.idle();
    });
    const { kernel, constants } = dispatch;
    times.push({
      ...{ kernel: kernel.name, constants, milliseconds: made.milliseconds + ran.milliseconds },
      processor: processorTime && made.processor + ran.processor,
    });
  }
  prepared.destroy();
  return times.sort((a, b) => b.milliseconds - a.milliseconds);
}

/** The first command of each pipeline. */
const firstOfEach = ({ commands }: Bound): number[] => {
  const first = new Map<GPUComputePipeline, number>();
  for (const [index, { pipeline }] of commands.entries()) if (!first.has(pipeline)) first.set(pipeline, index);
  return [...first.values()];
};

function runOnce({ gpu }: Device, commands: readonly Command[]): void {
  const encoder = gpu.createCommandEncoder();
  encode(
    encoder,
    commands.map((command) => ({ ...command, workgroups: [1, 1, 1] as const })),
  );
  gpu.queue.submit([encoder.finish()]);
}

/** Reads a word of every buffer, so that its first touch, which fills it with zeros, is not taken for a kernel's time. */
async function touch({ gpu, idle }: Device, { planned, bind }: Prepared): Promise<void> {
  const { locate } = bind();
  const tensors = new Set(planned.dispatches.flatMap(({ bindings }) => Object.values(bindings)));
  const buffers = new Set([...tensors].map((tensor) => locate(tensor).buffer));
  const sink = gpu.createBuffer({ size: 4, usage: GPUBufferUsage.COPY_DST });
  const encoder = gpu.createCommandEncoder();
  for (const buffer of buffers) encoder.copyBufferToBuffer(buffer, 0, sink, 0, 4);
  gpu.queue.submit([encoder.finish()]);
  await idle();
  sink.destroy();
}
