// Where the program is: a clone of the repository, or the package that `npm run pack` makes, which has the same folders.

import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
