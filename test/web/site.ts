// The built site below a path, in the headless Chromium that npm brings.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContext, Page } from 'playwright-core';

/** As programs load them: they bundle themselves. */
const load = async <T>(path: string): Promise<T> => (await import(pathToFileURL(resolve(path)).href)) as T;
const { launch, serve } = await load<{
  launch(): Promise<Browser>;
  serve(routes: Record<string, string>, page: string): Promise<{ url: string; close(): Promise<void> }>;
}>('test/browser.mjs');
const { buildSite } = await load<{ buildSite(folder: string): Promise<{ bytes: number }[]> }>('bench/web/site.mjs');

export interface Site {
  readonly browser: Browser;
  readonly context: BrowserContext;
  /** Of the folder that the pages are in. */
  readonly url: string;
  /** What pages asked other origins for. */
  readonly foreign: readonly string[];
  /** What pages' consoles told as errors, such as what their policy refuses. */
  readonly refused: readonly string[];
  newPage(): Promise<Page>;
  close(): Promise<void>;
}

export async function openSite(): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), 'site-'));
  const [, browser] = await Promise.all([buildSite(folder), launch()]);
  const server = await serve({ '/some/path': folder }, '');
  const context = await browser.newContext();
  const foreign: string[] = [];
  const refused: string[] = [];
  return {
    ...{ browser, context, foreign, refused, url: `${server.url}some/path/` },
    async newPage() {
      const page = await context.newPage();
      page.on('request', (request) => {
        if (!request.url().startsWith(server.url) && !request.url().startsWith('data:')) foreign.push(request.url());
      });
      page.on('console', (message) => {
        if (message.type() === 'error') refused.push(message.text());
      });
      return page;
    },
    async close() {
      await browser.close();
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
