// Footfall's main module with a record of every statement that its objects run: how often, and how many rows the platform says it wrote, which
// are the rows it bills. It is only for counting, because the record costs time.
//
// A cursor knows its rows only after it has been read to the end, so the cursors are kept, and `/rows` asks them later.

import { DurableObject } from 'cloudflare:workers';
import * as built from './index.js';
export { default } from './index.js';

let cursors = [];
let hooked = false;

function hook(sql) {
  if (hooked) return;
  hooked = true;
  const prototype = Object.getPrototypeOf(sql);
  const { exec } = prototype;
  prototype.exec = function (statement, ...values) {
    const cursor = exec.call(this, statement, ...values);
    cursors.push([statement, cursor]);
    return cursor;
  };
}

/** The rows written since the last call, by statement. */
function rows() {
  const notes = {};
  for (const [statement, cursor] of cursors) {
    const note = (notes[statement] ??= { runs: 0, rows: 0 });
    note.runs += 1;
    note.rows += cursor.rowsWritten;
  }
  cursors = [];
  return notes;
}

const noting = (Built) =>
  class extends DurableObject {
    constructor(ctx, env) {
      super(ctx, env);
      hook(ctx.storage.sql);
      this.built = new Built(ctx, env);
    }

    fetch() {
      return Response.json(rows());
    }

    post(call) {
      return this.built.post(call);
    }

    alarm() {
      return this.built.alarm();
    }
  };

export const Shard = noting(built.Shard);
export const Days = noting(built.Days);
