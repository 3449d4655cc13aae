package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"carry/internal/cli"
	"carry/internal/lab"
)

type planCmd struct {
	worldFlags
	JSON bool `help:"Print the plan as JSON." name:"json"`
}

// Run plans from the store or the generated market; it needs neither keys nor a
// network.
func (c *planCmd) Run(s *streams) error {
	spec, done, err := c.spec(s)
	if err != nil {
		return err
	}
	defer done()
	p, err := lab.MakePlan(s.ctx, spec)
	if errors.Is(err, lab.ErrNoDesk) {
		return cli.Fail(cli.Usage, err, "--strategy funding is the default")
	}
	if err != nil {
		return err
	}
	if c.JSON {
		return cli.WriteJSON(s.stdout, p)
	}
	_, err = io.WriteString(s.stdout, planText(p))
	return err
}

// planText is the plan in lines of at most 80 columns.
func planText(p *lab.Plan) string {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, "  "+format+"\n", args...) }
	about := "history"
	if p.Generated {
		about = "GENERATED MARKET, not history"
	}
	fmt.Fprintf(&b, "PLAN: no keys, no orders, %s\n", about)
	say("%d coins, %s to %s: what a live run would begin with", p.Coins, p.From.Date(), p.At)
	say("spot %s | futures %s | reserve %s      %d pairs x %s max", whole(p.SpotUSDT), whole(p.FuturesUSDT), whole(p.ReserveUSDT), p.PairsN, whole(p.PairMaxUSDT))
	planQualify(p, say)
	say("opening everything costs about %s USDT; a round trip costs %.0f bp of its pair", whole(p.OpenUSDT), p.RoundTripFrac*1e4)
	say("to earn it back: %.0f settlements at 0.0100 %% (%.0f days)", p.BaseN, p.BaseN/3)
	if p.RateN > 0 {
		say("  at the %.4f %% predicted now: %.0f settlements (%.0f days), if the", p.Rate*100, p.RateN, p.RateN/3)
		say("  premium does not change")
	} else {
		say("  at the %.4f %% predicted now: never", p.Rate*100)
	}
	say("worst rises in these data:      all coins together      the worst coin")
	for _, r := range p.Rises {
		say("  within %2d h                %15.1f %%  %15.1f %%  %s", r.Hours, r.Basket*100, r.Single*100, r.Coin)
	}
	say("a rise of all coins by %.1f %% liquidates at %gx", p.LiquidationUp*100, p.LeverageX)
	answer := "NO"
	if p.MayBeLeft {
		answer = "not seen to fail in these data"
	}
	say("may be left alone: %s at %gx", answer, p.LeverageX)
	say("  %s", p.Why)
	for _, a := range p.Alone {
		if a.Starts > 0 {
			say("  liquidated within %3d days: %d of %d books", a.Days, a.Liquidated, a.Starts)
		}
	}
	return b.String()
}

// planQualify says which coins may be opened now, and what keeps the others out.
func planQualify(p *lab.Plan, say func(string, ...any)) {
	if len(p.Qualify) == 0 {
		say("NOTHING qualifies now. A live run started now would sit in cash.")
	} else {
		say("%d of %d coins qualify now:        rate 8h  mean 8h   premium  (%%)", len(p.Qualify), p.Coins)
	}
	for k, c := range p.Qualify {
		if k == p.PairsN {
			say("  and %d more than there is room for", len(p.Qualify)-k)
			break
		}
		say("  %-12s               %13.4f %8.4f %9.4f", c.Coin, c.Rate*100, c.Mean*100, c.Premium*100)
	}
	var words []string
	for _, a := range p.Against {
		words = append(words, fmt.Sprintf("%s %d", a.Rule, a.N))
	}
	for line := "not now:"; len(words) > 0; line = "        " {
		for len(words) > 0 && len(line)+2+len(words[0]) < 76 {
			line, words = line+" "+words[0], words[1:]
			if len(words) > 0 {
				line += ","
			}
		}
		say("%s", line)
	}
}

// whole writes USDT without cents, with commas.
func whole(usdt float64) string {
	s := fmt.Sprintf("%.0f", usdt)
	for k := len(s) - 3; k > 0 && s[k-1] != '-'; k -= 3 {
		s = s[:k] + "," + s[k:]
	}
	return s
}
