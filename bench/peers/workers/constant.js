// Plain JavaScript that registers nothing: the least that a Worker on this runtime costs.

export default {
  fetch() {
    return new Response('Welcome to my site!');
  },
};
