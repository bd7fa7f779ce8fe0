// What kind of program sent a request: its class, its country, and whether it is a bot. See client.rs.
//
// Which user agents are bots or phones is nobody's secret and changes by the week: isbot and is-mobile keep the lists.

import isMobile from 'is-mobile';
import { isbot } from 'isbot';

const [DESKTOP, MOBILE, TABLET, BOT] = [0, 1, 2, 3];

/** What was found for a user agent: to look through the lists takes some 5 us, and most visits come with the same few. */
const known = new Map();

/** Beyond it all are forgotten: a stranger may send any number. */
const MAX_KNOWN = 500;

/** What is read of an agent, in characters. A longer one is not kept: V8 would keep all of it for the part. */
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
  // A browser says who it is; what says nothing is a program.
  if (!agent || isbot(agent)) return BOT;
  if (isMobile({ ua: agent })) return MOBILE;
  return isMobile({ ua: agent, tablet: true }) ? TABLET : DESKTOP;
}

/** Cloudflare's own verdict, where the owner's plan has it: a bot that it verified, or a score below 30, "likely automated". */
const isKnownBot = ({ verifiedBot, score } = {}) => Boolean(verifiedBot) || (score > 0 && score < 30);

/**
 * Class and country in one number, as texts cost more to hand over: the class, and from bit 8 on the two letters of the country,
 * or 0.
 */
export function client(request) {
  const { country, botManagement } = request.cf ?? {};
  const kind = isKnownBot(botManagement) ? BOT : classOf(request.headers.get('user-agent') ?? '');
  return country?.length === 2 ? kind | (country.charCodeAt(0) << 8) | (country.charCodeAt(1) << 16) : kind;
}
