// Pictures of the pages for the documentation, light and dark, wide and narrow, and how soon each page is painted.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { importTypeScript } from '../../src/build/bundle.mjs';
import { openSite } from './headless.mjs';
import { kilobytes, readPages } from './site.mjs';

const WIDTHS = [1280, 400];
const SCHEMES = ['light', 'dark'];
/** Milliseconds: a browser without a GPU takes its time. */
const LONG = 600_000;

/** What there is to see of a page, by its name: where it is opened, and what is done there. */
const SCENES = {
  workbench: {
    address: async () => {
      const { encodeState } = await importTypeScript('src/workbench/state.ts');
      return encodeState({ kernel: 'elementwise/relu', bench: 'map 65536' });
    },
    async act(page) {
      await page.getByRole('button', { name: 'Run' }).click();
      await page.locator('.roof').waitFor({ timeout: LONG });
    },
  },
  suite: {
    address: async () => 'cases=conv+1x1+peers&peers=tfjs,jax,onnxruntime',
    async act(page) {
      await page.getByRole('button', { name: 'Run' }).click();
      await page.getByRole('button', { name: 'Download JSON', disabled: false }).waitFor({ timeout: LONG });
    },
  },
  adapter: {
    address: async () => '',
    async act(page) {
      await page.getByRole('button', { name: 'Test' }).click();
      await page.locator('.status[data-state="done"]').filter({ hasText: 'checks passed' }).waitFor({ timeout: LONG });
    },
  },
};

/** Bytes of a picture. */
const MOST = 120e3;

/** Writes it with as many colours as its size allows. */
async function writeSmall(picture, path) {
  for (const colours of [64, 32, 16]) {
    const { size } = await sharp(picture).png({ palette: true, colours, dither: 0, effort: 10 }).toFile(path);
    if (size > MOST && colours > 16) continue;
    console.log(`${path}: ${kilobytes(size)} in ${colours} colours`);
    return;
  }
}

/** Writes PAGE-SCHEME-WIDTH.png of the named pages, or all, into a folder, and prints what each weighs. */
export async function takePictures(folder, names) {
  mkdirSync(folder, { recursive: true });
  const { browser, url, close } = await openSite();
  try {
    for (const { name, file } of (await readPages()).filter((own) => names.length === 0 || names.includes(own.name))) {
      const { address, act } = SCENES[name];
      const page = await browser.newPage({ viewport: { width: WIDTHS[0], height: 800 } });
      await page.goto(`${url}${file}#${await address()}`);
      await page.locator('h1').first().waitFor();
      const painted = await page.waitForFunction(
        () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime,
      );
      console.log(`${name}: first painted after ${(await painted.jsonValue()).toFixed(0)} ms`);
      await act(page);
      for (const colorScheme of SCHEMES)
        for (const width of WIDTHS) {
          await page.emulateMedia({ colorScheme });
          await page.setViewportSize({ width, height: 800 });
          // A chart is drawn anew for another width.
          await page.waitForTimeout(300);
          const path = join(folder, `${name}-${colorScheme}-${width}.png`);
          const picture = await page.screenshot({ fullPage: true });
          await writeSmall(picture, path);
        }
      await page.close();
    }
  } finally {
    await close();
  }
}
