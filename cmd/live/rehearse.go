package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"carry"
	"carry/internal/cli"
	"carry/internal/lab"
)

type runCmd struct {
	worldFlags
	paperFlags
	Rehearse bool   `help:"Run against an exchange on this machine, through the real adapter, and compare with the backtest."`
	Journal  string `help:"The session's journal. On paper it is the account, paper.db unless told otherwise; a rehearsal writes one that must not be there yet." placeholder:"FILE"`
	JSON     bool   `help:"Print the result as JSON." name:"json"`
}

// Run rehearses, or trades on paper.
func (c *runCmd) Run(s *streams) error {
	if !c.Rehearse {
		return c.paper(s)
	}
	spec, done, err := c.spec(s)
	if err != nil {
		return err
	}
	defer done()
	out, err := lab.Compare(s.ctx, spec, lab.RehearseOptions{JournalFile: c.Journal,
		Log: func(text string) { fmt.Fprintf(s.stderr, "%s: %s\n", program, text) }})
	if err != nil {
		return err
	}
	if c.JSON {
		err = c.writeJSON(s.stdout, out)
	} else {
		err = c.write(s.stdout, out)
	}
	if err == nil && out.Differs != "" {
		return cli.Failf(cli.Differs, "this is a bug of the program; please report it", "the rehearsal is not the backtest: %s", out.Differs)
	}
	return err
}

func (c *runCmd) write(w io.Writer, out *lab.Comparison) error {
	r := out.Rehearsal.Result
	var b strings.Builder
	fmt.Fprintf(&b, "REHEARSAL: no keys, no network, no real orders. The exchange is on this machine.\n")
	fmt.Fprintf(&b, "%s to %s: %d cross-sections, %d orders, %d fills, %d fundings, %d transfers\n", r.From, r.To,
		r.Counts.Instants, r.Counts.Orders, r.Counts.Fills, r.Counts.Postings, r.Counts.Transfers)
	if out.Differs == "" {
		fmt.Fprintf(&b, "decisions: the backtest's, all %d of them\n", out.Said)
		fmt.Fprintf(&b, "profit and loss: the backtest's to the last digit: %s USDT, residual %s\n", r.FinalExact, r.Residual)
	}
	fmt.Fprintf(&b, "requests: %d\n", requests(out))
	if c.Journal != "" {
		fmt.Fprintf(&b, "journal: %s (check it: live replay %s)\n", c.Journal, c.Journal)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func requests(out *lab.Comparison) (n int) {
	for _, k := range out.Rehearsal.Sent {
		n += k
	}
	return n
}

func (c *runCmd) writeJSON(w io.Writer, out *lab.Comparison) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(struct {
		Equal     bool          `json:"equal"`
		Differs   string        `json:"differs,omitempty"`
		Commands  int           `json:"commands"`
		Rehearsal *carry.Result `json:"rehearsal"`
		Backtest  *carry.Result `json:"backtest"`
	}{out.Differs == "", out.Differs, out.Said, out.Rehearsal.Result, out.Backtest})
}
