// The platform's rate limits. See rate_limits.rs.

export const areBound = (env) => Boolean(env.ADDRESS_LIMIT ?? env.SITE_LIMIT);

/** Whether a limit of the sender or the site is exceeded. */
export async function exceeds(env, sender, site) {
  const asked = [];
  if (env.ADDRESS_LIMIT && sender) asked.push(env.ADDRESS_LIMIT.limit({ key: sender }));
  if (env.SITE_LIMIT && site) asked.push(env.SITE_LIMIT.limit({ key: site }));
  return (await Promise.all(asked)).some(({ success }) => !success);
}
