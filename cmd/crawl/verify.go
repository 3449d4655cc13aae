package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"carry/data"
	"carry/internal/binance"
	"carry/internal/cli"
	"carry/internal/crawl"
)

// verifyCmd is crawl verify.
type verifyCmd struct {
	DB      string `name:"db" default:"./carry.db" placeholder:"FILE" help:"Database to verify (${default})."`
	Samples int    `default:"3" help:"Archive files to fetch again and compare, by checksum, content, day and REST (${default})."`
	Offline bool   `help:"Ask nobody."`
	JSON    bool   `name:"json" help:"Print everything as JSON; times are milliseconds UTC."`
	remoteFlags
}

// Run implements the command.
func (c *verifyCmd) Run(e *env) (err error) {
	store, err := data.OpenExisting(c.DB)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	var client *binance.Client
	if !c.Offline {
		c.Attempts = min(c.Attempts, 3)
		if client, err = c.client("", func(text string) { fmt.Fprintf(e.stderr, "%s: %s\n", program, text) }); err != nil {
			return err
		}
	}
	v, err := crawl.Verify(e.ctx, store, client, crawl.VerifyOptions{Samples: c.Samples, Seed: c.Seed})
	if err != nil {
		return err
	}
	if c.JSON {
		err = cli.WriteJSON(e.stdout, v)
	} else {
		err = printVerification(e.stdout, v)
	}
	if err != nil {
		return err
	}
	if v.Complete() {
		return nil
	}
	return cli.Failf(cli.Incomplete, "crawl fetch fills what is to be had; crawl status --gaps lists every gap", "incomplete: %s rows are missing, %d of %d samples differ",
		grouped(v.Missing()), failed(v.Samples), len(v.Samples))
}

func failed(samples []crawl.Sample) int {
	n := 0
	for i := range samples {
		if samples[i].Failed() {
			n++
		}
	}
	return n
}

// printVerification writes the tables, at most 80 columns wide.
func printVerification(w io.Writer, v *crawl.Verification) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%-10s %-8s %-10s  %-10s %9s %9s %8s %7s\n", "coin", "kind", "first", "last", "expected", "present", "missing", "paused")
	coin := ""
	for i := range v.Series {
		s := &v.Series[i]
		name := s.Coin
		if name == coin {
			name = ""
		}
		coin = s.Coin
		missing, paused := s.Count(data.GapMissing), s.Count(data.GapHalt)+s.Count(data.GapNone)
		fmt.Fprintf(&b, "%-10s %-8s %-10s  %-10s %9d %9d %8d %7d\n", clip(name, 10), s.Kind, s.First.Date(), s.Last.Date(),
			s.Present+missing+paused, s.Present, missing, paused)
	}
	b.WriteString("\npaused: the other leg traded on, or the exchange itself has nothing.\n")
	for _, o := range v.Oddities {
		fmt.Fprintf(&b, "odd: %s: %s, %d hours, worst %.3g on %s\n", o.Series, o.What, o.Count, o.Worst, o.At.Date())
	}
	for _, f := range v.Quarantined {
		b.WriteString(wrap("quarantined:", strings.Fields(f.Note)))
	}
	for _, s := range v.Samples {
		fmt.Fprintf(&b, "\n%s\n", s.File)
		for _, row := range [][2]string{{"checksum", s.Checksum}, {"content", s.Content}, {"daily file", s.Daily}, {"REST", s.REST}} {
			b.WriteString(wrap(fmt.Sprintf("  %-11s", row[0]), strings.Fields(row[1])))
		}
	}
	if v.Unreached != "" {
		b.WriteString(wrap("no samples:", strings.Fields(v.Unreached)))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
