// The Worker of `npm run trace`: the real one, with a slow counter and a route to read the events. Never deployed.

import { taken } from './recorder.js';
import worker, { Days, Live, Shard as RealShard } from '../../src/edge/worker.js';

/** The path at which the runner reads the events. */
const READ = '/.trace';

export default {
  fetch(request, env, context) {
    return new URL(request.url).pathname === READ ? Response.json(taken()) : worker.fetch(request, env, context);
  },
};

/** The embedded counter, delayed by SLOW_MS. It counts and answers at the end of that time, in one turn, as the real one does. */
export class Shard extends RealShard {
  async post(call) {
    await new Promise((resolve) => setTimeout(resolve, this.env.SLOW_MS));
    return super.post(call);
  }
}

export { Days, Live };
