package main

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"carry"
	"carry/internal/cli"
	"carry/internal/panel"
)

type statusCmd struct {
	sessionFlag
	JSON bool `help:"Print everything the dashboard shows, as JSON." name:"json"`
	URL  bool `help:"Print the dashboard's address with its token, for a browser." name:"url"`
}

// Run prints what a session does.
func (c *statusCmd) Run(s *streams) error {
	client, err := dial(c.Journal)
	if err != nil {
		return err
	}
	if c.URL {
		d := client.Door()
		fmt.Fprintf(s.stdout, "%s/#%s\n", d.URL, d.Token)
		return nil
	}
	snap, err := client.State(s.ctx)
	if err != nil {
		return noSession(err)
	}
	if c.JSON {
		return cli.WriteJSON(s.stdout, snap)
	}
	_, err = io.WriteString(s.stdout, statusText(snap))
	return err
}

// statusText is the status in at most 80 columns.
func statusText(s *panel.Snapshot) string {
	var b strings.Builder
	y := &s.Money
	fmt.Fprintf(&b, "%s %s/%s: %s, %s UTC, event %d\n", s.Mode, s.Strategy, s.Preset, stateWord(s), s.At.Floor(carry.Second), s.Seq)
	fmt.Fprintf(&b, "equity %s USDT, profit %s, today %s\n", usdt(y.Equity), plus(y.Profit), plus(y.Day))
	fmt.Fprintf(&b, "short %s USDT of %s, used leverage %s, liquidation after %s\n", usdt(y.Notional), usdt(y.Limit), leverage(y.Used), rise(y.LiquidationUp))
	fmt.Fprintf(&b, "spot wallet %s USDT, coins %s, futures wallet %s, margin %s\n", usdt(y.Spot), usdt(y.Coins), usdt(y.Futures), usdt(y.Margin))
	if s.NextSettlement != 0 {
		fmt.Fprintf(&b, "next settlement %s\n", s.NextSettlement)
	}
	heldTable(&b, s)
	if len(s.Queue) > 0 {
		var names []string
		for _, q := range s.Queue {
			names = append(names, q.Coin)
		}
		fmt.Fprintf(&b, "would be reduced first: %s\n", strings.Join(names[:min(10, len(names))], " "))
	}
	for k := range s.Alarms[:min(5, len(s.Alarms))] {
		a := &s.Alarms[k]
		sent := ""
		if len(a.Sent) > 0 {
			sent = " [sent: " + strings.Join(a.Sent, ", ") + "]"
		}
		fmt.Fprintf(&b, "alarm %d: %s%s\n", a.N, a.Line(), sent)
	}
	return b.String()
}

func heldTable(b *strings.Builder, s *panel.Snapshot) {
	n := 0
	for i := range s.Pairs {
		p := &s.Pairs[i]
		if !p.Held() {
			continue
		}
		if n++; n == 1 {
			fmt.Fprintf(b, "%-8s %-9s %12s %9s %9s %10s %10s\n", "coin", "state", "value USDT", "rate 8h %", "premium %", "funding", "profit")
		}
		fmt.Fprintf(b, "%-8s %-9s %12s %9s %9s %10s %10s\n", p.Coin, p.State, usdt(p.Value), percent(p.Rate8h, 4), percent(p.ClosePremium, 3), plus(p.Funding), plus(p.Profit))
	}
	if n == 0 {
		fmt.Fprintf(b, "nothing is held\n")
	}
}

func stateWord(s *panel.Snapshot) string {
	switch st := &s.State; {
	case st.Ended != "":
		return "ended (" + st.Ended + ")"
	case st.Killed:
		return "KILLED"
	case st.Paused:
		return "PAUSED"
	case st.Halted:
		return "HALT"
	case s.Warming:
		return "warming up"
	case st.Pool != "" && st.Pool != "NORMAL":
		return st.Pool
	}
	return "running"
}

// known writes a figure, or a dash where there is none.
func known(f panel.Figure, format string) string {
	if v := float64(f); !math.IsNaN(v) && !math.IsInf(v, 0) {
		return fmt.Sprintf(format, v)
	}
	return "-"
}

func usdt(f panel.Figure) string           { return known(f, "%.2f") }
func plus(f panel.Figure) string           { return known(f, "%+.2f") }
func percent(f panel.Figure, d int) string { return known(f*100, "%."+strconv.Itoa(d)+"f") }

func leverage(f panel.Figure) string {
	if known(f, "%g") == "-" {
		return "without bound"
	}
	return known(f, "%.2fx")
}

func rise(f panel.Figure) string {
	if known(f, "%g") == "-" {
		return "nothing"
	}
	return known(f*100, "a rise of %.1f %%")
}
