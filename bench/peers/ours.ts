import { inputTensors, recordCase } from '../../src/bench/cases.ts';
import { release } from '../../src/bench/memory.ts';
import { OWN } from '../../src/bench/side_by_side.ts';
import type { Device } from '../../src/gpu/device.ts';
import { compile } from '../../src/gpu/program/program.ts';
import { createTape } from '../../src/tape/tape.ts';
import { trainOurs } from './ours_training.ts';
import type { Peer } from './peer.ts';

/** This engine, with the kernels that it takes of its own accord. */
export const ours = (device: Device): Peer => ({
  name: OWN,
  async start() {},
  async prepare(bench) {
    const tape = createTape(device.target);
    recordCase(tape, bench, inputTensors(bench));
    const program = await compile(device, tape);
    return {
      // Each by itself, as the others submit theirs.
      async run(times) {
        for (let i = 0; i < times; i++) program.run();
        await device.idle();
      },
      read: async () => (await program.run({}, ['result']).read()).result,
      dispose() {
        program.destroy();
        release(device, [tape]);
      },
    };
  },
  train: (network) => trainOurs(device, network),
});
