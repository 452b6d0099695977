// The built site below a path, in the headless Chromium that npm brings.
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContext, Page } from 'playwright-core';

/** As programs load it: it bundles what it needs itself. */
const { openSite: open } = (await import(pathToFileURL(resolve('bench/web/headless.mjs')).href)) as {
  openSite(): Promise<{ browser: Browser; url: string; close(): Promise<void> }>;
};

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
  const { browser, url, close } = await open();
  const { origin } = new URL(url);
  const context = await browser.newContext();
  const foreign: string[] = [];
  const refused: string[] = [];
  return {
    ...{ browser, context, foreign, refused, url, close },
    async newPage() {
      const page = await context.newPage();
      page.on('request', (request) => {
        if (!request.url().startsWith(`${origin}/`) && !request.url().startsWith('data:')) foreign.push(request.url());
      });
      page.on('console', (message) => {
        if (message.type() === 'error') refused.push(`${message.text()} (${message.location().url})`);
      });
      return page;
    },
  };
}
