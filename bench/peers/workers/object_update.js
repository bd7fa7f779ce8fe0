// Plain JavaScript with a Durable Object, in as few words as it can be said: each visit awaits one call of its method, which updates the only
// row. It counts no pages, and returns nothing.

import { DurableObject } from 'cloudflare:workers';

export class Counter extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS counter (id INTEGER PRIMARY KEY, views INTEGER NOT NULL)');
    ctx.storage.sql.exec('INSERT OR IGNORE INTO counter VALUES (1, 0)');
  }

  increment() {
    this.ctx.storage.sql.exec('UPDATE counter SET views = views + 1 WHERE id = 1');
  }

  views() {
    return this.ctx.storage.sql.exec('SELECT views FROM counter').one().views;
  }
}

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    const counter = env.COUNTER.getByName('default');
    if (pathname === '/counter') return Response.json({ views: await counter.views() });
    try {
      await counter.increment();
      return new Response('Welcome to my site!');
    } catch (error) {
      console.error(error);
      return new Response('Error registering your visit', { status: 502 });
    }
  },
};
