import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import { ROOT } from './root.ts';

const CHROMIUM = join(ROOT, 'test', 'support', 'chromium-behind.sh');
/** It starts slowly on a machine that does other things. */
const PATIENCE_MS = 120_000;
/** For whoever looks at a run: what the pages looked like. */
const PICTURES = join(ROOT, 'build', 'pages');

/** Debian's Chromium, without a window, behind everything else that wants the processor. */
export function openBrowser(): Promise<Browser> {
  return puppeteer.launch({
    executablePath: CHROMIUM,
    timeout: PATIENCE_MS,
    // Inside a container its own sandbox cannot be had; it sees this program's page alone.
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
}

export interface View {
  page: Page;
  complaints: string[];
}

/** A page in a window of its own, and everything that it has complained of. */
export async function openPage(
  browser: Browser,
  url: string,
  [width, height]: readonly [number, number],
): Promise<View> {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warn'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.setViewport({ width, height });
  await page.goto(url, { waitUntil: 'domcontentloaded' });
  return { page, complaints };
}

export async function photograph(page: Page, name: string): Promise<void> {
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
}

export const textOf = (page: Page, selector: string): Promise<string> =>
  page.$eval(selector, (element) => element.textContent ?? '');
