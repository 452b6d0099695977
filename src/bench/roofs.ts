import type { Device } from '../gpu/device.ts';
import * as kernels from '../gpu/kernel/generated/kernels.ts';
import type { Target } from '../gpu/kernel/target.ts';
import { compile } from '../gpu/program/program.ts';
import { elementwise } from '../ops/elementwise.ts';
import type { Roofs } from '../report/roof.ts';
import { createTape, type Tape } from '../tape/tape.ts';
import { variable } from '../tape/tensor.ts';
import { release } from './memory.ts';
import { interleave, runOf } from './timing.ts';

const ROUNDS = { rounds: 9, budget: 1000 };

/**
 * Measures both roofs, taking turns: a loop of multiply-adds in registers, and a copy of more than caches hold. Throws where it is
 * aborted.
 */
export async function measureRoofs(device: Device, signal?: AbortSignal): Promise<Roofs> {
  const { target } = device;
  const loop = createTape(target);
  const copy = createTape(target);
  const flops = recordLoop(loop);
  const bytes = recordCopy(copy);
  const programs = [await compile(device, loop), await compile(device, copy)];
  const [byLoop, byCopy] = await interleave(
    programs.map((program) => runOf(device, program)),
    { ...ROUNDS, signal },
  );
  release(device, [loop, copy]);
  if (signal?.aborted) throw new Error('The roofs were not measured: something else was asked for.');
  const spread = Math.max(...[byLoop!, byCopy!].map((timing) => timing.spread / timing.median));
  return { gflops: flops / byLoop!.median / 1e6, gigabytes: bytes / byCopy!.median / 1e6, spread };
}

/** On an idle machine the roofs spread by 1 to 3 %. */
const BUSY = 0.05;

/** A sentence where the same work takes now this long, now that: something else has its share of the machine. */
export const busyNote = ({ spread = 0 }: Roofs): string | undefined =>
  spread > BUSY
    ? `The machine is busy: the same work varies by ±${(100 * spread).toFixed(0)} %, so take small differences for chance.`
    : undefined;

const TURNS = 1024;
const FLOPS_PER_TURN = 256;

function recordLoop(tape: Tape): number {
  const invocations = tape.target.kind === 'cpu' ? 2 ** 12 : 2 ** 20;
  const flops = FLOPS_PER_TURN * TURNS * invocations;
  tape.dispatch(kernels['roof/fma'], {
    bindings: { y: variable('roof', [invocations]) },
    uniforms: { turns: TURNS, m: 0.999, b: 0.001 },
    workgroups: [invocations / kernels['roof/fma'].constants.WORKGROUP, 1, 1],
    label: 'roof',
    flops,
  });
  return flops;
}

function recordCopy(tape: Tape): number {
  const floats = copiedFloats(tape.target);
  const tensor = (label: string) => variable(label, [floats]);
  elementwise(tape, kernels['roof/copy'], { x: tensor('from'), y: tensor('to') }, 'roof', {});
  return 2 * 4 * floats;
}

const copiedFloats = ({ kind, limits }: Target): number =>
  Math.min(kind === 'cpu' ? 2 ** 24 : 2 ** 26, limits.maxStorageBufferBindingSize / 4);
