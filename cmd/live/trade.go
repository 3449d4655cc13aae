package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"carry/internal/binance"
	"carry/internal/cli"
	"carry/internal/lab"
)

// tradeJournal is where a session on an account is kept unless told otherwise.
const tradeJournal = "account.db"

// tradeFlags are for sessions with orders.
type tradeFlags struct {
	keyFlags
	Trade bool `help:"Trade on the account of the keys. Refused while live checks lists anything that is open; needs --max-capital."`
}

// trade runs a session on an account.
func (c *runCmd) trade(s *streams) error {
	if c.MaxCapital <= 0 {
		return cli.Failf(cli.Usage, "for example --max-capital 1000", "--trade needs --max-capital: the most that may be at work")
	}
	urls, live, spec, err := c.session(s)
	if err != nil {
		return err
	}
	keys, err := c.load()
	if err != nil {
		return err
	}
	if err := c.allowed(s, spec, keys); err != nil {
		return err
	}
	o := lab.TradeOptions{URLs: urls, Streams: live, Keys: keys, JournalFile: cmp.Or(c.Journal, tradeJournal), Hours: c.Hours,
		Journal: &lab.Witness{Path: proofsFile}, Log: func(text string) { fmt.Fprintf(s.stderr, "%s: %s\n", program, text) }}
	if o.Operate, err = c.options(s, "TRADE", o.JournalFile, o.Log); err != nil {
		return err
	}
	if c.loopback() {
		o.Speed = c.Speed
	}
	var p lab.PaperOptions
	if err := c.universe(s, spec, &p, c.Endpoint); err != nil {
		return err
	}
	o.Pairs = p.Pairs
	fmt.Fprintf(s.stdout, "TRADE: orders on the account at %s\n  at most %s USDT at work; no openings after a loss of %g %% in a day\n", urls.Futures, cents(c.MaxCapital), c.MaxDayLoss)
	o.Say = func(l *lab.PaperLine) { _, _ = io.WriteString(s.stdout, paperText(l)) }
	out, err := lab.Trade(s.ctx, spec, o)
	if err != nil {
		return err
	}
	if s.ended(out.Result, out.Continued, o.JournalFile) {
		fmt.Fprintf(s.stdout, "what is held stays; the same command goes on with it\n")
	}
	return nil
}

// allowed refuses with the list while a check is open. On an exchange on this
// machine nothing is at stake, and only its account is looked at.
func (c *runCmd) allowed(s *streams, spec *lab.Spec, keys *binance.Keys) error {
	checks := checksCmd{worldFlags: c.worldFlags, placeFlags: c.placeFlags, Paper: []string{paperJournal}}
	out, err := checks.look(s, spec, keys)
	if err != nil {
		return err
	}
	open, text := out.Open, openText(out.Open)
	if c.loopback() {
		open = out.OpenAccount()
		text = strings.Replace(openText(open), "check", "check of the account", 1)
		if open > 1 {
			text = strings.Replace(openText(open), "checks", "checks of the account", 1)
		}
	}
	if open == 0 {
		return nil
	}
	if _, err := io.WriteString(s.stdout, checksText(out)); err != nil {
		return err
	}
	return cli.Failf(cli.Halted, "see live checks", "REFUSED: %s", text)
}
