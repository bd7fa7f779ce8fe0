// What kind of program sent a request: its class, its country, and whether it is a bot. See client.rs.
//
// The packages isbot and is-mobile have the lists of bots and phones, which change every week.

import isMobile from 'is-mobile';
import { isbot } from 'isbot';

const [DESKTOP, MOBILE, TABLET, BOT] = [0, 1, 2, 3];

/** The classes of recent user agents. Searching the lists takes about 5 us, and most visits have one of a few agents. */
const known = new Map();

/** The most agents that are kept. One more drops all of them. A stranger may send any number. */
const MAX_KNOWN = 500;

/** How many characters of an agent are read. A longer agent is not kept, because V8 would keep the whole text for this part. */
const MAX_AGENT = 512;

/** The class of a user agent. */
export function classOf(agent) {
  if (agent.length > MAX_AGENT) return look(agent.slice(0, MAX_AGENT));
  let found = known.get(agent);
  if (found === undefined) {
    if (known.size >= MAX_KNOWN) known.clear();
    found = look(agent);
    known.set(agent, found);
  }
  return found;
}

function look(agent) {
  // A browser sends a user agent. A client without one is a program.
  if (!agent || isbot(agent)) return BOT;
  if (isMobile({ ua: agent })) return MOBILE;
  return isMobile({ ua: agent, tablet: true }) ? TABLET : DESKTOP;
}

/** Cloudflare's verdict, if the owner's plan has it: a verified bot, or a score below 30, "likely automated". */
const isKnownBot = ({ verifiedBot, score } = {}) => Boolean(verifiedBot) || (score > 0 && score < 30);

/**
 * Class and country in one number, because passing a text to WebAssembly costs more. The lowest 8 bits have the class. The two letters of
 * the country follow, or 0.
 */
export function client(request) {
  const { country, botManagement } = request.cf ?? {};
  const kind = isKnownBot(botManagement) ? BOT : classOf(request.headers.get('user-agent') ?? '');
  return country?.length === 2 ? kind | (country.charCodeAt(0) << 8) | (country.charCodeAt(1) << 16) : kind;
}
