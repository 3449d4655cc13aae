// Package sim is the world of a backtest: it turns a tape into quotes, keeps the
// customer's account as the exchange would, matches orders, settles funding and
// liquidates, and can generate a market of its own. Every modelling assumption
// is a named type in a file of its own. It knows no strategy and not the books
// that check it.
package sim
