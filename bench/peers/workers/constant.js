// Plain JavaScript that registers nothing. It shows the least that a Worker costs on this runtime.

export default {
  fetch() {
    return new Response('Welcome to my site!');
  },
};
