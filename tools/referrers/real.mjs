// Domains of the public list of spam that people follow links from, or that others have their sites below. Matomo's list is of those who
// send made-up referrers, and some of these were named for a customer or for one bad year. A domain in our table leaves out all that is
// below it, and a visit of a person that is left out is lost, while a line of spam can be read over. So these stay out.

export const REAL = new Set([
  // A registry's, below which anybody has a domain.
  'kharkov.ua', 'ua.tc',
  // Hosters and site builders whose customers' sites are below their own domains.
  'hostiman.ru', 'myftpupload.com', 'nethouse.ru', 'site5.com', 'ucoz.ru',
  // Short links: who follows one comes from it.
  'adf.ly',
  // Universities.
  'research.ifmo.ru', 'tsatu.edu.ua',
  // Newspapers and magazines.
  'dailystorm.ru', 'insider.pro', 'ntdtv.ru', 'politika.bg', 'rspectr.com', 'sneakerfreaker.com', 'stoletie.ru', 'vladtime.ru',
  // Services and a fair that are what they say.
  'brandnewtube.com', 'drupa.com', 'plagscan.com', 'prlog.ru', 'resellerclub.com', 'scripted.com', 'searchencrypt.com', 'targetpay.nl', 'workona.com',
  // Somebody's own reader of articles.
  'wallabag.malooma.bzh',
]);
