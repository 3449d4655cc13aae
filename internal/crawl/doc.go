// Package crawl fills the store from Binance: it plans what is missing, fetches
// it from the archives and by REST with several workers, and hands every file
// or page as one transaction to a single writer. Stopped at any moment, the next
// run goes on where the transactions end, and the content comes out the same.
package crawl
