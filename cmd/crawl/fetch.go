package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"carry"
	"carry/data"
	"carry/internal/cli"
	"carry/internal/crawl"
)

// fetchCmd is crawl fetch.
type fetchCmd struct {
	Coins    string `placeholder:"BTC,ETH|all" help:"Coins, or all that have or had a perpetual; default: those in the database."`
	From     string `placeholder:"DATE" help:"First bar; default: the first that is to be had."`
	To       string `placeholder:"DATE" help:"End, exclusive; default: now."`
	Interval string `default:"1h" help:"Length of bars; backtests read 1h (${default})."`
	Kinds    string `default:"funding,spot,perp,mark,premium,rules" help:"What to fetch (${default})."`
	Via      string `default:"auto" help:"auto, archive or rest (${default})."`
	DryRun   bool   `help:"Print the plan and fetch nothing."`
	Workers  int    `default:"8" help:"Series of each market that are fetched at a time (${default})."`
	Now      string `placeholder:"TIME" help:"Take this for the present; makes a run repeatable." hidden:""`
	Wait     bool   `help:"Wait while another crawl writes to the same database, instead of giving up."`
	KeyFile  string `placeholder:"FILE" help:"Lines CARRY_API_KEY=... and CARRY_API_SECRET=..., mode 0600; default: the environment. Only leverage brackets need a key."`
	DB       string `name:"db" default:"./carry.db" placeholder:"FILE" help:"Database to write; made where needed (${default})."`
	JSON     bool   `name:"json" help:"Print the summary as JSON; times are milliseconds UTC."`
	remoteFlags
}

// Run implements the command.
func (c *fetchCmd) Run(e *env) (err error) {
	o, err := c.options()
	if err != nil {
		return err
	}
	if err := o.Check(); err != nil {
		return optionError(err) // before a database is made
	}
	show := newFetchProgress(e.stderr)
	client, err := c.client(c.KeyFile, show.log)
	if err != nil {
		return err
	}
	o.Progress = show.step
	path, done, err := c.place()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	lock, err := data.LockCrawl(e.ctx, path, c.Wait)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	store, err := data.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if o.Now != 0 {
		store.Now = func() carry.Time { return o.Now }
	}
	crawler, err := crawl.New(store, client, o)
	if err != nil {
		return optionError(err)
	}
	plan, err := crawler.Plan(e.ctx)
	if err != nil {
		return remoteError(optionError(err))
	}
	if c.DryRun {
		return printPlan(e.stdout, plan, o.Kinds)
	}
	rep, err := crawler.Run(e.ctx, plan)
	show.end()
	switch {
	case errors.Is(err, context.Canceled):
		return hint(fmt.Errorf("interrupted; %s new rows are stored", grouped(rep.Put.New)), "run the same command again to go on")
	case err != nil:
		return remoteError(err)
	}
	return c.finish(e, rep)
}

// place is where the database lies. The plan of one that does not exist is made
// on an empty one elsewhere, which done removes.
func (c *fetchCmd) place() (path string, done func() error, err error) {
	nothing := func() error { return nil }
	if !c.DryRun {
		return c.DB, nothing, nil
	}
	if _, err := os.Stat(c.DB); !errors.Is(err, fs.ErrNotExist) {
		return c.DB, nothing, nil
	}
	dir, err := os.MkdirTemp("", "crawl-plan-*")
	if err != nil {
		return "", nothing, fmt.Errorf("make folder for the plan: %w", err)
	}
	return filepath.Join(dir, "plan.db"), func() error { return os.RemoveAll(dir) }, nil
}

// finish prints the summary; what is incomplete is exit code 3.
func (c *fetchCmd) finish(e *env, rep *crawl.Report) error {
	for _, n := range rep.Notes {
		fmt.Fprintf(e.stderr, "%s: note: %s\n", program, n)
	}
	if c.JSON {
		if err := cli.WriteJSON(e.stdout, rep); err != nil {
			return err
		}
	} else if err := printFetch(e.stdout, rep, c.DB); err != nil {
		return err
	}
	if rep.Complete() {
		return nil
	}
	return cli.Failf(cli.Incomplete, "run the same command again; crawl status --gaps shows what is missing",
		"incomplete: %d of %d series lack rows, %d problems", len(rep.Lacks), rep.Series, len(rep.Problems))
}

// options reads the flags.
func (c *fetchCmd) options() (o crawl.Options, err error) {
	if strings.EqualFold(strings.TrimSpace(c.Coins), "all") {
		o.All = true
	} else {
		o.Coins = words(c.Coins)
	}
	if o.From, err = parseTime("from", c.From); err != nil {
		return o, err
	}
	if o.To, err = parseTime("to", c.To); err != nil {
		return o, err
	}
	if o.Now, err = parseTime("now", c.Now); err != nil {
		return o, err
	}
	if o.Via, err = crawl.ParseVia(c.Via); err != nil {
		return o, optionError(err)
	}
	o.Interval, o.Kinds, o.Workers = c.Interval, words(c.Kinds), c.Workers
	return o, nil
}

// optionError turns errors about what was asked for into usage errors.
func optionError(err error) error {
	switch {
	case errors.Is(err, crawl.ErrUnknownCoin):
		return cli.Fail(cli.Usage, err, "crawl list names them all")
	case errors.Is(err, crawl.ErrOptions):
		return cli.Fail(cli.Usage, err, "crawl fetch --coins BTC,ETH, or --coins all")
	}
	return err
}

// printPlan writes what a crawl would do, at most 80 columns wide.
func printPlan(w io.Writer, p *crawl.Plan, kinds []string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Plan for %d coins, up to %s UTC; nothing was stored.\n\n", p.Coins, p.Cutoff.UTC().Format(minute))
	fmt.Fprintf(&b, "%-8s %6s %11s %7s %9s %9s %9s %8s\n", "kind", "series", "rows", "files", "requests", "weight", "MB", "time")
	if len(kinds) == 0 {
		kinds = crawl.AllKinds[:]
	}
	for _, kind := range kinds {
		planRow(&b, kind, p.Estimate(kind))
	}
	planRow(&b, "all", p.Estimate(""))
	b.WriteString("\nrows: at most, since nobody knows yet when a coin was listed. weight: against\n" +
		"the limits per minute; time: the least that these allow. Files have no limit.\n")
	if n := len(p.Series); n > 0 && n <= 40 {
		fmt.Fprintf(&b, "\n%-8s %-20s %-16s  %-16s %7s\n", "kind", "symbol", "from", "to", "files")
		for _, s := range p.Series {
			if len(s.Missing)+len(s.Files) == 0 {
				fmt.Fprintf(&b, "%-8s %-20s complete\n", s.Name.Kind, clip(s.Name.Symbol, 20))
				continue
			}
			from, to := s.Want.From, s.Want.To
			if len(s.Missing) > 0 {
				from, to = s.Missing[0].From, s.Missing[len(s.Missing)-1].To
			}
			fmt.Fprintf(&b, "%-8s %-20s %-16s  %-16s %7d\n", s.Name.Kind, clip(s.Name.Symbol, 20), from.UTC().Format(minute), to.UTC().Format(minute), len(s.Files))
		}
	}
	for _, n := range p.Notes {
		b.WriteString(wrap("note:", strings.Fields(n)))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

const minute = "2006-01-02 15:04"

func planRow(b *strings.Builder, kind string, e crawl.Estimate) {
	fmt.Fprintf(b, "%-8s %6d %11s %7s %9s %9s %9.1f %8s\n", kind, e.Series, grouped(e.Rows), grouped(e.Files), grouped(e.Requests),
		grouped(e.SpotWeight+e.FuturesWeight), float64(e.Bytes)/1e6, spanText(e.MinTime()))
}

// spanText writes a span of time shortly.
func spanText(t carry.Time) string {
	s := int64(t / carry.Second)
	switch {
	case s >= 3600:
		return fmt.Sprintf("%dh%02dm", s/3600, s/60%60)
	case s >= 60:
		return fmt.Sprintf("%dm%02ds", s/60, s%60)
	}
	return fmt.Sprintf("%ds", s)
}

// printFetch writes the summary, at most 80 columns wide.
func printFetch(w io.Writer, rep *crawl.Report, db string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%-10s %s new in %d series", "rows", grouped(rep.Put.New), rep.Series)
	if rep.Put.Replaced+rep.Put.Filled > 0 {
		fmt.Fprintf(&b, ", %s replaced, %s completed", grouped(rep.Put.Replaced), grouped(rep.Put.Filled))
	}
	fmt.Fprintf(&b, ", in %s\n", db)
	if rep.Facts > 0 {
		fmt.Fprintf(&b, "%-10s %s new or changed\n", "rules", grouped(rep.Facts))
	}
	s := &rep.Stats
	fmt.Fprintf(&b, "%-10s %s stored, %d quarantined\n", "files", grouped(rep.Files), rep.Quarantined)
	fmt.Fprintf(&b, "%-10s %s: spot %d, futures %d, archive %d, listing %d; %.1f MB\n", "requests", grouped(int(s.Total())),
		s.Requests[0], s.Requests[1], s.Requests[2], s.Requests[3], float64(s.Bytes)/1e6)
	fmt.Fprintf(&b, "%-10s spot %s, futures %s\n", "weight", grouped(int(s.Weight[0])), grouped(int(s.Weight[1])))
	fmt.Fprintf(&b, "%-10s %d, %d of them told to wait\n", "retries", s.Retries, s.Limited)
	fmt.Fprintf(&b, "%-10s %s\n", "time", spanText(rep.Took))
	if rep.Absent > 0 {
		fmt.Fprintf(&b, "%-10s %s bars are in no source: the exchange paused, or lost them\n", "absent", grouped(rep.Absent))
	}
	printLacks(&b, rep)
	if rep.Put == (data.PutReport{}) && rep.Facts == 0 {
		b.WriteString("Nothing changed: all of it was there already.\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// lacksMax is how many incomplete series are listed.
const lacksMax = 20

func printLacks(b *strings.Builder, rep *crawl.Report) {
	if len(rep.Lacks)+len(rep.Problems) > 0 {
		b.WriteString("\nstill missing\n")
	}
	told := map[string]bool{}
	for i, l := range rep.Lacks {
		if i == lacksMax {
			fmt.Fprintf(b, "  and %d more series (--json lists all)\n", len(rep.Lacks)-i)
			break
		}
		told[l.Series] = true
		rows := ""
		if l.Rows > 0 {
			rows = grouped(l.Rows) + " bars, "
		}
		fmt.Fprintf(b, "  %s: %s%s to %s\n", l.Series, rows, l.Spans[0].From, l.Spans[len(l.Spans)-1].To)
		b.WriteString(wrap("   ", strings.Fields(l.Why)))
	}
	for _, p := range rep.Problems {
		if !told[p.Series] {
			fmt.Fprintf(b, "  %s\n", p.Series)
			b.WriteString(wrap("   ", strings.Fields(p.What)))
		}
	}
}
