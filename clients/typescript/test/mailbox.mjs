// Reads the page with the mails that a development server would have sent.
import { eventually } from './assert.mjs';

/**
 * The code in the nth mail with a code to an address, the oldest being the first. Waits for it.
 * @returns {Promise<string>}
 */
export async function mailedCode(mailbox, address, nth = 1) {
  let code = '';
  await eventually(`mail ${nth} to ${address}`, async () => {
    const list = await (await fetch(mailbox)).text();
    const links = [...list.matchAll(/href="(\/mails\/[^"]+)".*?<span>to (.*?)<\/span>/g)]; // newest first
    const codes = [];
    for (const [, link] of links.filter(([, , to]) => to === address).reverse()) {
      const found = /\b\d{4} \d{4}\b/.exec(await (await fetch(mailbox + link)).text());
      if (found) codes.push(found[0]);
    }
    code = codes[nth - 1] ?? '';
    return code !== '';
  });
  return code;
}
