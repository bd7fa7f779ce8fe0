// The root folder of the program: of a clone, or of the package that `npm run pack` makes, which has the same folders.

import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
