// All commands of `npx footfall`, by name. Each is `{ what, options?, most?, takesRest?, help, run }` (`runCommand` in tools/options.mjs).

import { convert } from '../tools/convert/command.mjs';
import { deploy } from './deploy.mjs';
import { dev } from './dev.mjs';
import { doctor } from './doctor.mjs';
import { exportSite } from './export.mjs';
import { importSite } from './import.mjs';
import { init } from './init.mjs';
import { update } from './update.mjs';

export const COMMANDS = { init, dev, deploy, doctor, export: exportSite, import: importSite, convert, update };
