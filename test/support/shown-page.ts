import { after, before } from 'node:test';
import type { Browser, Page } from 'puppeteer-core';
import { Dashboard, type DashboardOptions } from '../../app/dashboard/dashboard.ts';
import { openBrowser, openPage } from './browser.ts';

type Shown = Pick<DashboardOptions, 'read'> & Partial<Pick<DashboardOptions, 'memory'>>;

/** The page in a real Chromium, for what it draws: nothing is asked of it. Its region is empty unless
 *  `memory` says otherwise. Lives as long as the tests of the file. */
export class ShownPage {
  readonly #dashboard: Dashboard;
  #browser: Browser | undefined;

  constructor(shown: Shown) {
    this.#dashboard = new Dashboard({
      config: {
        ...{ port: 0, address: '127.0.0.1', pictures: 'here', token_file: null },
        upload_max_mb: 1,
      },
      picture: () => undefined,
      identity: { device: 'board', version: '1.2.3' },
      metrics: { type: 'text/plain', render: async () => '' },
      execute: async () => ({ ok: true }),
      upload: async () => ({ ok: false, error: 'nobody uploads here' }),
      notice: () => undefined,
      memory: () => ({ chunk_bytes: 16384, chunks: [], pools: [] }),
      ...shown,
    });
    before(async () => {
      await this.#dashboard.start();
      this.#browser = await openBrowser();
    });
    after(async () => {
      await this.#browser?.close();
      await this.#dashboard.stop();
    });
  }

  async open(size: [number, number]): ReturnType<typeof openPage> {
    if (this.#browser === undefined) throw new Error('there is no browser yet');
    return openPage(this.#browser, this.#dashboard.url ?? '', size);
  }
}

/** Waits until a condition holds in the page; long, for the browser stands back behind everything else. */
export const shows = (page: Page, condition: string) =>
  page.waitForFunction(condition, { polling: 50, timeout: 120_000 });
