// Footfall's main module with a note of every statement that its objects run: how often, and how many rows the platform
// says it wrote, which is what is billed. Only for counting: the notes cost time.
//
// A cursor knows its rows once it was read to its end, so the cursors are kept and asked later, by `/rows`.

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

/** Rows written since it was last asked, by statement. */
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
