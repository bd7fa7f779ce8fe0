// The same as object_update.js, but the Worker POSTs to its object with `fetch`, as Workers did before objects had methods.

import { DurableObject } from 'cloudflare:workers';

export class Counter extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS counter (id INTEGER PRIMARY KEY, views INTEGER NOT NULL)');
    ctx.storage.sql.exec('INSERT OR IGNORE INTO counter VALUES (1, 0)');
  }

  fetch(request) {
    const { sql } = this.ctx.storage;
    if (request.method === 'POST') sql.exec('UPDATE counter SET views = views + 1 WHERE id = 1');
    return Response.json(sql.exec('SELECT views FROM counter').one());
  }
}

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    const counter = env.COUNTER.getByName('default');
    if (pathname === '/counter') return counter.fetch('https://counter/');
    try {
      const answer = await counter.fetch('https://counter/', { method: 'POST' });
      // An unread answer would stay open.
      await answer.text();
      if (!answer.ok) throw new Error(`the counter answered ${answer.status}`);
      return new Response('Welcome to my site!');
    } catch (error) {
      console.error(error);
      return new Response('Error registering your visit', { status: 502 });
    }
  },
};
