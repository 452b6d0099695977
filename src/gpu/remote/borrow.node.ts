import { createDevice, type Device } from '../device.ts';
import { launchChromium } from './chromium.node.ts';
import { CONSTANTS } from './client.ts';
import { createLender } from './server.node.ts';

/** A browser whose WebGPU this program uses. */
export interface Browser {
  /** Its name and version. */
  readonly name: string;
  /**
   * A device of its adapter. `mode` is `auto`, `hardware` or a part of the adapter's name: a browser has one adapter, which is
   * refused where it is another.
   */
  request(mode?: string): Promise<Device>;
  /** Whether it has ended or crashed. */
  isGone(): boolean;
  close(): Promise<void>;
}

/** Starts headless Chromium with a page that lends its WebGPU. Throws in one sentence where it does not start. */
export async function borrowChromium(): Promise<Browser> {
  const [lender, chromium] = await Promise.all([createLender(), launchChromium()]);
  Object.assign(globalThis, CONSTANTS);
  const page = await chromium.newPage();
  let isGone = false;
  const end = (why: string) => {
    isGone = true;
    lender.end(why);
  };
  page.on('pageerror', ({ message }) => end(`The page that computed failed: ${message}`));
  page.on('crash', () => end('The page that computed has crashed.'));
  chromium.on('disconnected', () => end('The browser that computed is gone.'));
  await page.goto(lender.url, { waitUntil: 'commit' });
  return {
    name: `Chromium ${chromium.version()}`,
    async request(mode = process.env.GPU || 'auto') {
      const adapter = await lender.gpu.requestAdapter({ powerPreference: 'high-performance' });
      if (!adapter) throw new Error('WebGPU found no adapter in Chromium: there is no GPU driver that it can use.');
      const device = await createDevice(adapter, { why: 'the one that Chromium has' });
      const { name, kind } = device.target;
      const fits =
        mode === 'auto' || (mode === 'hardware' ? kind === 'gpu' : name.toLowerCase().includes(mode.toLowerCase()));
      if (!fits) throw new Error(`Chromium has the adapter ${name} alone, which is not what GPU=${mode} asks for.`);
      return device;
    },
    isGone: () => isGone,
    async close() {
      await chromium.close();
      lender.close();
    },
  };
}
