package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"

	"carry"
	"carry/internal/binance"
	"carry/internal/cli"
	"carry/internal/lab"
)

// paperJournal is where a paper account lives unless told otherwise.
const paperJournal = "paper.db"

// placeFlags say where the exchange is.
type placeFlags struct {
	Endpoint string  `help:"One address for everything, such as that of live exchange: http://127.0.0.1:8700. Default: Binance." placeholder:"URL"`
	Speed    float64 `help:"How fast the market at --endpoint runs: market seconds a second, as live exchange --speed has it." default:"1" placeholder:"X"`
}

// urls are the addresses of REST and streams.
func (f *placeFlags) urls() (u binance.URLs, live binance.LiveURLs, err error) {
	u, live = binance.DefaultURLs(), binance.DefaultLiveURLs()
	if f.Endpoint == "" {
		if f.Speed != 1 {
			return u, live, cli.Failf(cli.Usage, "it is for live exchange, at --endpoint", "--speed: Binance's market runs at a speed of its own")
		}
		return u, live, nil
	}
	p, err := url.Parse(f.Endpoint)
	if err != nil || p.Scheme != "http" && p.Scheme != "https" || p.Host == "" || strings.Trim(p.Path, "/") != "" {
		return u, live, cli.Failf(cli.Usage, "for example --endpoint http://127.0.0.1:8700", "--endpoint %s is no address", f.Endpoint)
	}
	if !(f.Speed > 0 && f.Speed <= 1e6) {
		return u, live, cli.Failf(cli.Usage, "", "--speed: %g is not between 0 and 1e6", f.Speed)
	}
	if f.Speed != 1 && !f.loopback() {
		return u, live, cli.Failf(cli.Usage, "it is for live exchange, on this machine", "--speed: %s is not on this machine", p.Host)
	}
	base := p.Scheme + "://" + p.Host
	ws := "ws" + base[len("http"):]
	u.Spot, u.Futures = base, base
	return u, binance.LiveURLs{Spot: ws, SpotAPI: ws, Futures: ws}, nil
}

// loopback tells whether the exchange is on this machine.
func (f *placeFlags) loopback() bool {
	p, err := url.Parse(f.Endpoint)
	if err != nil {
		return false
	}
	ip := net.ParseIP(p.Hostname())
	return ip != nil && ip.IsLoopback()
}

type paperFlags struct {
	placeFlags
	MaxCapital float64 `help:"At most this much at work, coins and margin together; with --trade it must be said." placeholder:"USDT"`
	MaxDayLoss float64 `help:"Percent of the day's opening equity; a larger loss stops openings until midnight UTC." default:"5" placeholder:"PCT"`
	Hours      int     `help:"End after this many hours of the market; default: go on until Ctrl-C." placeholder:"N"`
}

// session is what paper and trade have in common: where the exchange is, and the
// settings within their limits.
func (c *runCmd) session(s *streams) (u binance.URLs, live binance.LiveURLs, spec *lab.Spec, err error) {
	if c.Generated {
		return u, live, nil, cli.Failf(cli.Usage, "live --rehearse --generated; or serve one with live exchange --generated and name it with --endpoint",
			"--generated: a session takes its market from an exchange")
	}
	if u, live, err = c.urls(); err != nil {
		return u, live, nil, err
	}
	if spec, err = c.settingsOnly(s); err != nil {
		return u, live, nil, err
	}
	return u, live, spec, c.bound(spec)
}

// paper trades on paper.
func (c *runCmd) paper(s *streams) error {
	urls, live, spec, err := c.session(s)
	if err != nil {
		return err
	}
	o := lab.PaperOptions{URLs: urls, Streams: live, JournalFile: cmp.Or(c.Journal, paperJournal), Hours: c.Hours, Journal: &lab.Witness{Path: proofsFile},
		Log: func(text string) { fmt.Fprintf(s.stderr, "%s: %s\n", program, text) }}
	if o.Operate, err = c.options(s, "PAPER", o.JournalFile, o.Log); err != nil {
		return err
	}
	if c.loopback() {
		o.Speed = c.Speed
	}
	if err := c.universe(s, spec, &o, c.Endpoint); err != nil {
		return err
	}
	where := cmp.Or(c.Endpoint, "Binance")
	fmt.Fprintf(s.stdout, "PAPER: no keys, no orders. Live prices, the same decisions, simulated fills.\n  prices: %s\n", where)
	o.Say = func(l *lab.PaperLine) { _, _ = io.WriteString(s.stdout, paperText(l)) }
	out, err := lab.Paper(s.ctx, spec, o)
	switch {
	case errors.Is(err, binance.ErrUnreachable):
		return cli.Fail(cli.Failed, err, "check the network; live exchange --generated serves an exchange on this machine for --endpoint")
	case err != nil:
		return err
	}
	s.ended(out.Result, out.Continued, o.JournalFile)
	return nil
}

// ended says what a session was that had seen so many instants before, and whether
// anything was decided in it.
func (s *streams) ended(r *carry.Result, before int, journal string) (decided bool) {
	if r == nil || r.Counts.Instants == before {
		fmt.Fprintln(s.stdout, "ended before the first full hour; nothing was decided")
		return false
	}
	fmt.Fprintf(s.stdout, "ended: %d hours, %d fills, %d fundings, %s USDT; journal: %s\n", r.Counts.Instants, r.Counts.Fills, r.Counts.Postings, cents(r.Final), journal)
	return true
}

// bound sets the limits that hold in every session.
func (f *paperFlags) bound(spec *lab.Spec) error {
	if !(f.MaxDayLoss > 0 && f.MaxDayLoss < 100) {
		return cli.Failf(cli.Usage, "for example --max-day-loss 5", "--max-day-loss: %g is no percentage between 0 and 100", f.MaxDayLoss)
	}
	if f.MaxCapital < 0 || f.MaxCapital > 1e12 {
		return cli.Failf(cli.Usage, "for example --max-capital 1000", "--max-capital: %g is no capital", f.MaxCapital)
	}
	if err := spec.Bound(f.MaxCapital, f.MaxDayLoss/100); err != nil {
		return cli.Fail(cli.Usage, err, "")
	}
	return nil
}

// universe takes pairs and brackets from the store, if there is one for this
// exchange; else the exchange says what it lists.
func (c *worldFlags) universe(s *streams, spec *lab.Spec, o *lab.PaperOptions, endpoint string) error {
	path := c.DB
	if path == "" && endpoint == "" {
		if _, err := os.Stat(defaultDB); err == nil {
			path = defaultDB
		}
	}
	if path == "" {
		return nil
	}
	done, err := c.openStore(s, spec, path)
	if err != nil {
		return err
	}
	defer done()
	tape, err := spec.Open(0, 0, spec.Coins)
	if err != nil {
		return err
	}
	info := tape.Info()
	o.Pairs, o.Brackets = info.Pairs, map[string][]carry.Bracket{}
	for k := range info.Rules {
		r := &info.Rules[k]
		o.Brackets[info.Pairs[r.Pair].PerpSymbol] = r.Brackets
	}
	return nil
}

// paperText is one instant in one line of at most 80 columns; what is rarer comes
// first.
func paperText(l *lab.PaperLine) string {
	text := fmt.Sprintf("%s  %s %s  held %d", l.At, cents(l.Equity), signed(l.Equity-l.First), l.Held)
	var extra []string
	if l.Held > 0 {
		text += fmt.Sprintf(" at %.2fx", l.Used)
	}
	if l.Settled > 0 && l.Funding != 0 {
		extra = append(extra, "settled "+signed(l.Funding))
	}
	if l.Filled > 0 {
		extra = append(extra, fmt.Sprintf("%d fills", l.Filled))
	}
	if l.Refused > 0 {
		extra = append(extra, fmt.Sprintf("%d refused", l.Refused))
	}
	qualify := fmt.Sprintf("%d of %d qualify", l.Qualify, l.Coins)
	if l.Qualify == 0 && l.Held == 0 && l.Best != "" {
		qualify += fmt.Sprintf(" (%s %.4f %%)", l.Best, l.BestRate*100)
	}
	for _, e := range append(extra, qualify) {
		if len(text)+2+len(e) <= 80 {
			text += "  " + e
		}
	}
	return text + "\n"
}

// cents writes USDT with cents and commas.
func cents(usdt float64) string {
	s := fmt.Sprintf("%.2f", usdt)
	for k := len(s) - 6; k > 0 && s[k-1] != '-'; k -= 3 {
		s = s[:k] + "," + s[k:]
	}
	return s
}

func signed(usdt float64) string {
	if usdt >= 0 {
		return "+" + cents(usdt)
	}
	return cents(usdt)
}
