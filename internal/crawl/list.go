package crawl

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"carry"
	"carry/data"
)

// Listed is a symbol and when it was to be had.
type Listed struct {
	Leg    string     `json:"leg"` // spot, perp
	Symbol string     `json:"symbol"`
	Status string     `json:"status"`      // of the exchange; "gone" where it names it no more
	From   carry.Time `json:"listed_ms"`   // 0: not known
	To     carry.Time `json:"delisted_ms"` // 0: still trades
	Exact  bool       `json:"exact"`       // To and From are the exchange's own, not a month of the archive
}

// List names the symbols of the exchange and of the archive, by leg and symbol.
// Dates of spot symbols, and of those that the exchange names no more, are the
// months of the archive's files, which costs a request each.
func (c *Crawler) List(ctx context.Context) ([]Listed, error) {
	if err := c.open(ctx); err != nil {
		return nil, err
	}
	c.cutoff = c.client.Now()
	names := [2]map[string]bool{{}, {}}
	if len(c.o.Coins) > 0 {
		for _, name := range c.o.Coins {
			k, err := c.namedCoin(ctx, name)
			if err != nil {
				return nil, err
			}
			names[carry.Spot][k.spot], names[carry.Perp][k.perp] = true, true
		}
	} else {
		for leg := range names {
			for s := range c.markets[leg].symbols {
				names[leg][s] = plainSymbol(s)
			}
			if c.o.Via == REST {
				continue
			}
			if err := c.list(ctx, carry.Leg(leg)); err != nil {
				return nil, err
			}
			for s := range c.markets[leg].listed {
				names[leg][s] = true
			}
		}
	}
	var out []Listed
	for leg := range names {
		for s, ok := range names[leg] {
			if ok && s != "" {
				out = append(out, Listed{Leg: carry.Leg(leg).String(), Symbol: s})
			}
		}
	}
	slices.SortFunc(out, func(a, b Listed) int {
		return cmp.Or(strings.Compare(a.Leg, b.Leg), strings.Compare(a.Symbol, b.Symbol))
	})
	err := parallel(ctx, c.o.Workers, len(out), func(ctx context.Context, i int) error { return c.date(ctx, &out[i]) })
	return out, err
}

// date fills in status and dates.
func (c *Crawler) date(ctx context.Context, l *Listed) error {
	leg, kind := carry.Spot, data.KindSpot
	if l.Leg == carry.Perp.String() {
		leg, kind = carry.Perp, data.KindPerp
	}
	info, known := c.markets[leg].symbols[l.Symbol]
	l.Status = info.Status
	if !known {
		l.Status = "gone"
	}
	if known && leg == carry.Perp {
		l.From, l.Exact = info.Onboard, true
		if ended(info) {
			l.To = info.Delivery
		}
		return nil
	}
	if c.o.Via == REST {
		return nil
	}
	files, err := c.files(ctx, kind, "monthly", l.Symbol, "")
	if err != nil || len(files) == 0 {
		return err
	}
	l.From = files[0].Span.From
	if last := files[len(files)-1].Span.To; !known || info.Status != "TRADING" {
		l.To = last
	}
	return nil
}

// String is one line.
func (l Listed) String() string {
	day := func(t carry.Time) string {
		switch {
		case t == 0:
			return "-"
		case l.Exact:
			return t.Date()
		}
		return t.UTC().Format("2006-01")
	}
	return fmt.Sprintf("%-5s %-20s %-16s %-11s %s", l.Leg, l.Symbol, l.Status, day(l.From), day(l.To))
}
