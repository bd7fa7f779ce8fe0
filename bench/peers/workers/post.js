// Plain JavaScript with an external counter: each visit awaits one POST and reads its answer to the end.

export default {
  async fetch(request, env) {
    try {
      await register(env.COUNTER_URL);
      return new Response('Welcome to my site!');
    } catch (error) {
      console.error(error);
      return new Response('Error registering your visit', { status: 502 });
    }
  },
};

async function register(url) {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ site: 'default', page: '/' }),
  });
  // An unread answer would keep its connection.
  await answer.text();
  if (!answer.ok) throw new Error(`the counter answered ${answer.status}`);
}
