// Plain JavaScript objects that do a part of a shard's work. They show the least that the platform itself costs.
//
// `/carry` reads the call and answers. `/store` also writes the call as a row over an older one, as a shard's journal does. Both answer with as
// many bytes as a shard would.

import { DurableObject } from 'cloudflare:workers';

/** The number of rows of a shard's journal. */
const ROWS = 1024;

export class Plain extends DurableObject {
  written = 0;

  constructor(ctx, env) {
    super(ctx, env);
    ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS journal (slot INTEGER PRIMARY KEY, number INTEGER NOT NULL, body BLOB NOT NULL)');
  }

  post(call, path) {
    const { pathname, searchParams } = new URL(path, 'https://object/');
    if (pathname === '/store') {
      this.written += 1;
      const row = [this.written % ROWS, this.written, call];
      this.ctx.storage.sql.exec('INSERT OR REPLACE INTO journal (slot, number, body) VALUES (?, ?, ?)', ...row);
    }
    return new Uint8Array(Number(searchParams.get('answer')));
  }
}

export default { fetch: () => new Response('an object is called through its namespace', { status: 404 }) };
