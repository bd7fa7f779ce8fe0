// The platform's rate limits. See limits.rs.

export const areBound = (env) => Boolean(env.ADDRESS_LIMIT ?? env.SITE_LIMIT);

/** Whether a limit of the address or the site is exceeded. */
export async function exceeds(env, site, address) {
  const asked = [];
  if (env.ADDRESS_LIMIT && address) asked.push(env.ADDRESS_LIMIT.limit({ key: `${site} ${address}` }));
  if (env.SITE_LIMIT) asked.push(env.SITE_LIMIT.limit({ key: site }));
  return (await Promise.all(asked)).some(({ success }) => !success);
}
