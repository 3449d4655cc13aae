package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"carry/data"
	"carry/internal/cli"
)

// statusCmd is crawl status.
type statusCmd struct {
	DB   string `name:"db" default:"./carry.db" placeholder:"FILE" help:"Database to show (${default})."`
	JSON bool   `name:"json" help:"Print everything as JSON; times are milliseconds UTC."`
	Gaps bool   `name:"gaps" help:"List every gap."`
	HTML string `name:"html" placeholder:"FILE" help:"Write a map of the coverage, month by month, as one HTML file."`
}

// Run implements the command.
func (c *statusCmd) Run(e *env) (err error) {
	store, err := data.OpenExisting(c.DB)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if c.HTML != "" {
		list, err := store.Coverage(e.ctx)
		if err != nil {
			return err
		}
		if err := writeCoverage(c.HTML, c.DB, list); err != nil {
			return err
		}
		_, err = fmt.Fprintf(e.stdout, "coverage map: %s (opens offline)\n", c.HTML)
		return err
	}
	st, err := store.Status(e.ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		return cli.WriteJSON(e.stdout, st)
	}
	return printStatus(e.stdout, st, c.Gaps)
}

// printStatus writes the tables, at most 80 columns wide.
func printStatus(w io.Writer, st *data.Status, gaps bool) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d coins, %d of them with spot, perpetual and funding", st.Path, st.Coins, st.Pairs)
	if st.Pairs > 0 {
		fmt.Fprintf(&b, ",\nbars from %s to %s", st.From, st.To)
	}
	b.WriteString(" (UTC)\n\n")
	fmt.Fprintf(&b, "%-10s %-8s %-16s  %-16s %8s %8s %7s\n", "coin", "kind", "first", "last", "rows", "missing", "%")
	coin := ""
	for _, s := range st.Series {
		name := s.Coin
		if name == coin {
			name = ""
		}
		coin = s.Coin
		fmt.Fprintf(&b, "%-10s %-8s %-16s  %-16s %8d %8d %7.2f\n", clip(name, 10), s.Kind, s.First, s.Last, s.Rows, s.Missing, percent(s.CompleteFrac()))
	}
	if len(st.Snapshots) > 0 {
		b.WriteString("\nrecorded rules\n")
		for i := 0; i < len(st.Snapshots); {
			kind := st.Snapshots[i].Kind
			var dates []string
			for ; i < len(st.Snapshots) && st.Snapshots[i].Kind == kind; i++ {
				dates = append(dates, st.Snapshots[i].RecordedAt.Date())
			}
			b.WriteString(wrap(fmt.Sprintf("  %-11s", kind), dates))
		}
	}
	printGaps(&b, st, gaps)
	if st.WeeksStale > 0 {
		fmt.Fprintf(&b, "\n%d weeks will be packed when they are first read.\n", st.WeeksStale)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func printGaps(b *strings.Builder, st *data.Status, all bool) {
	if len(st.Gaps) == 0 {
		b.WriteString("\nno gaps\n")
		return
	}
	if !all {
		fmt.Fprintf(b, "\n%d gaps; crawl status --gaps lists them\n", len(st.Gaps))
		return
	}
	fmt.Fprintf(b, "\n%-10s %-8s %-16s  %-16s %8s  %s\n", "coin", "kind", "from", "to", "missing", "note")
	for _, g := range st.Gaps {
		fmt.Fprintf(b, "%-10s %-8s %-16s  %-16s %8d  %s\n", clip(g.Coin, 10), g.Kind, g.From, g.To, g.Missing, g.Note)
	}
}

// percent never rounds what is incomplete up to 100.
func percent(frac float64) float64 {
	if frac < 1 {
		return min(frac*100, 99.99)
	}
	return 100
}

// wrap lists words after a head, in lines of at most 80 columns.
func wrap(head string, words []string) string {
	var b strings.Builder
	line := head
	for _, w := range words {
		if len(line)+1+len(w) > 80 {
			b.WriteString(line + "\n")
			line = strings.Repeat(" ", len(head))
		}
		line += " " + w
	}
	return b.String() + line + "\n"
}

// clip shortens a name to n characters.
func clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}
