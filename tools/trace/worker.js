// The Worker of `npm run trace`: the real one, with a counter that takes its time, and a way to read what happened. Never deployed.

import { taken } from './recorder.js';
import worker, { Days, Live, Shard as RealShard } from '../../src/edge/worker.js';

/** Where the runner reads the events. */
const READ = '/.trace';

export default {
  fetch(request, env, context) {
    return new URL(request.url).pathname === READ ? Response.json(taken()) : worker.fetch(request, env, context);
  },
};

/** The embedded counter, as slow as SLOW_MS says. It counts and answers at the end of that time, in one turn, as the real one does. */
export class Shard extends RealShard {
  async post(call) {
    await new Promise((resolve) => setTimeout(resolve, this.env.SLOW_MS));
    return super.post(call);
  }
}

export { Days, Live };
