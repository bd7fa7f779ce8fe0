// Plain JavaScript with a Durable Object: each visit awaits one call of its method, which does one SQL write. The platform holds the call's answer
// until the write is durable.

import { DurableObject } from 'cloudflare:workers';

export class Counter extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS pages (page TEXT PRIMARY KEY, views INTEGER NOT NULL) WITHOUT ROWID');
  }

  hit(page) {
    const statement = 'INSERT INTO pages VALUES (?, 1) ON CONFLICT DO UPDATE SET views = views + 1 RETURNING views';
    return this.ctx.storage.sql.exec(statement, page).one().views;
  }

  views() {
    return this.ctx.storage.sql.exec('SELECT coalesce(sum(views), 0) AS views FROM pages').one().views;
  }
}

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    const counter = env.COUNTER.getByName('default');
    if (pathname === '/counter') return Response.json({ views: await counter.views() });
    try {
      await counter.hit(pathname);
      return new Response('Welcome to my site!');
    } catch (error) {
      console.error(error);
      return new Response('Error registering your visit', { status: 502 });
    }
  },
};
