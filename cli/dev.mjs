// `npx footfall dev`: serves the folder on this machine.

import { checkPort, PORT, serve, STATE } from '../tools/serve.mjs';
import { folderHere } from './folder.mjs';

export const dev = {
  what: 'serves it on this machine',
  options: { port: { type: 'string' } },
  takesRest: true,
  help: (typed) => `${typed} [--port N] [-- options of wrangler dev]

  --port N   ${PORT} if it is left out

  The counts stay in ${STATE} of the folder.
`,
  async run({ port = String(PORT) }, _, rest) {
    const cwd = folderHere();
    const args = ['--port', port, ...rest];
    await checkPort(args, 'npx footfall dev');
    return serve(args, { cwd });
  },
};
