package main

import (
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"

	"carry"
	"carry/internal/cli"
	"carry/internal/lab"
)

type runCmd struct {
	worldFlags
	paperFlags
	operateFlags
	tradeFlags
	testnetFlags
	Rehearse bool   `help:"Run against an exchange on this machine, through the real adapter, and compare with the backtest."`
	Journal  string `help:"The session's journal. On paper it is the account, paper.db unless told otherwise; a rehearsal's that is there goes on, with --connect." placeholder:"FILE"`
	Connect  string `help:"Rehearse against a live exchange --lockstep that runs already and outlives this program." placeholder:"URL"`
	JSON     bool   `help:"Print the result as JSON." name:"json"`
}

// Run rehearses, or trades on paper.
func (c *runCmd) Run(s *streams) error {
	switch {
	case c.Trade && c.Rehearse:
		return cli.Failf(cli.Usage, "leave one of them out", "--trade and --rehearse contradict each other")
	case c.Testnet && (c.Trade || c.Rehearse):
		return cli.Failf(cli.Usage, "give --testnet alone", "--testnet is a session of its own")
	case c.Trade:
		return c.trade(s)
	case c.Testnet:
		return c.testnet(s)
	case !c.Rehearse:
		return c.paper(s)
	}
	if err := c.checkConnect(); err != nil {
		return err
	}
	spec, done, err := c.spec(s)
	if err != nil {
		return err
	}
	defer done()
	log := func(text string) { fmt.Fprintf(s.stderr, "%s: %s\n", program, text) }
	o := lab.RehearseOptions{Journal: &lab.Witness{Path: proofsFile}, JournalFile: c.Journal, Connect: strings.TrimSuffix(c.Connect, "/"), Log: log}
	if c.watched() {
		if o.Operate, err = c.options(s, "REHEARSAL", c.Journal, log); err != nil {
			return err
		}
	}
	out, err := lab.Compare(s.ctx, spec, o)
	if err != nil {
		return err
	}
	if out.Differs == "" && out.Rehearsal.Steered == 0 {
		if err := lab.AddProof(proofsFile, lab.GateRehearsal, fmt.Sprintf("%d decisions as in the backtest", out.Said)); err != nil {
			return err
		}
	}
	if c.JSON {
		err = c.writeJSON(s.stdout, out)
	} else {
		err = c.write(s.stdout, out)
	}
	if err == nil && out.Differs != "" && out.Rehearsal.Restarts == 0 {
		return cli.Failf(cli.Differs, "this is a bug of the program; please report it", "the rehearsal is not the backtest: %s", out.Differs)
	}
	return err
}

// checkConnect refuses addresses of other machines: what is rehearsed is nobody
// else's business, and the keys are known to everybody.
func (c *runCmd) checkConnect() error {
	if c.Connect == "" {
		return nil
	}
	u, err := url.Parse(c.Connect)
	if err == nil && u.Scheme == "http" && u.Port() != "" && strings.Trim(u.Path, "/") == "" {
		if ip := net.ParseIP(u.Hostname()); ip != nil && ip.IsLoopback() {
			return nil
		}
	}
	return cli.Failf(cli.Usage, "for example --connect http://127.0.0.1:8700", "--connect %s is no address of this machine", c.Connect)
}

func (c *runCmd) write(w io.Writer, out *lab.Comparison) error {
	r := out.Rehearsal.Result
	var b strings.Builder
	fmt.Fprintf(&b, "REHEARSAL: no keys, no network, no real orders. The exchange is on this machine.\n")
	fmt.Fprintf(&b, "%s to %s: %d cross-sections, %d orders, %d fills, %d fundings, %d transfers\n", r.From, r.To,
		r.Counts.Instants, r.Counts.Orders, r.Counts.Fills, r.Counts.Postings, r.Counts.Transfers)
	if n := out.Rehearsal.Restarts; n > 0 {
		fmt.Fprintf(&b, "went on from its journal %s; %d decisions\n", times(n), len(out.Rehearsal.Said))
		fmt.Fprintf(&b, "books: the exchange's to the last digit: %s USDT, residual %s\n", r.FinalExact, r.Residual)
		if out.Differs != "" {
			fmt.Fprintf(&b, "decisions after a crash need not be the backtest's: it knows none\n")
		}
	}
	switch {
	case out.Rehearsal.Steered > 0:
		fmt.Fprintf(&b, "decisions: steered by people, %d times; the backtest did not hear them\n", out.Rehearsal.Steered)
		fmt.Fprintf(&b, "equity: %s USDT, residual %s\n", r.FinalExact, r.Residual)
	case out.Differs == "":
		fmt.Fprintf(&b, "decisions: the backtest's, all %d of them\n", out.Said)
		fmt.Fprintf(&b, "profit and loss: the backtest's to the last digit: %s USDT, residual %s\n", r.FinalExact, r.Residual)
	}
	if a := out.Rehearsal.Audit; a != nil {
		fmt.Fprintf(&b, "at the exchange: %d orders, each commanded once; %d trades, each in the journal once\n", a.Orders, a.Trades)
	}
	if c.Connect == "" {
		fmt.Fprintf(&b, "requests: %d\n", requests(out))
	}
	if c.Journal != "" {
		fmt.Fprintf(&b, "journal: %s (check it: live replay %s)\n", c.Journal, c.Journal)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// times is how often, in words.
func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

func requests(out *lab.Comparison) (n int) {
	for _, k := range out.Rehearsal.Sent {
		n += k
	}
	return n
}

func (c *runCmd) writeJSON(w io.Writer, out *lab.Comparison) error {
	return cli.WriteJSON(w, struct {
		Equal     bool          `json:"equal"`
		Differs   string        `json:"differs,omitempty"`
		Restarts  int           `json:"restarts"`
		Commands  int           `json:"commands"`
		Rehearsal *carry.Result `json:"rehearsal"`
		Backtest  *carry.Result `json:"backtest"`
	}{out.Differs == "", out.Differs, out.Rehearsal.Restarts, out.Said, out.Rehearsal.Result, out.Backtest})
}
