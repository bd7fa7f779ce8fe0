import { inBoth, openTab } from './both.mjs';
import { start } from './support.mjs';
import { call } from '../support/client.mjs';
inBoth('x', async (t, program) => {
  const { site, host } = await start(t, { open: () => undefined });
  const { tab, lines } = await openTab(t, program);
  tab.on('response', async (r) => console.log(program, r.status(), r.url(), (await r.text().catch(e => String(e))).slice(0, 200)));
  tab.on('requestfailed', (r) => console.log('failed', r.url(), r.failure()));
  await tab.goto(`${site}/app`);
  await new Promise((r) => setTimeout(r, 1500));
  console.log(program, lines, host.posts, await tab.evaluate(() => [localStorage.footfall, navigator.webdriver, document.hidden]));
});
