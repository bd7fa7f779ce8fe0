// Domains on the public spam list that real people follow links from, or that host the sites of others. Matomo's list names senders of made-up
// referrers, and some of these are on it because of a customer or one bad year. A domain in our table excludes visits from all hosts below it. An
// excluded visit of a person is lost, whereas an owner can ignore a line of spam. So our table leaves these domains out.

export const REAL = new Set([
  // Registries, below which anybody may have a domain.
  'kharkov.ua', 'ua.tc',
  // Hosters and site builders with their customers' sites below their own domains.
  'hostiman.ru', 'myftpupload.com', 'nethouse.ru', 'site5.com', 'ucoz.ru',
  // Link shorteners: a person who follows a short link arrives from there.
  'adf.ly',
  // Universities.
  'research.ifmo.ru', 'tsatu.edu.ua',
  // Newspapers and magazines.
  'dailystorm.ru', 'insider.pro', 'ntdtv.ru', 'politika.bg', 'rspectr.com', 'sneakerfreaker.com', 'stoletie.ru', 'vladtime.ru',
  // Genuine services, and a trade fair.
  'brandnewtube.com', 'drupa.com', 'plagscan.com', 'prlog.ru', 'resellerclub.com', 'scripted.com', 'searchencrypt.com', 'targetpay.nl', 'workona.com',
  // A person's own article reader.
  'wallabag.malooma.bzh',
]);
