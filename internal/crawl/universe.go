package crawl

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"carry"
	"carry/data"
	"carry/internal/binance"
	"carry/internal/binance/wire"
)

// market is what is known of one market's symbols.
type market struct {
	info *wire.ExchangeInfo
	raw  []byte
	from binance.Answer
	// symbols of info by name.
	symbols map[string]wire.SymbolInfo
	// listed are the names in the archive; nil until asked for.
	listed map[string]bool
}

// coin is a coin's symbols; empty where it has none.
type coin struct{ spot, perp string }

// kindsOfLeg are the kinds whose folders list a leg's symbols.
var kindsOfLeg = [2][]string{carry.Spot: {data.KindSpot}, carry.Perp: {data.KindPerp, data.KindFunding}}

// open asks the exchange for symbols, limits and its time. With archives at
// hand an exchange that cannot be reached is a note, not an end.
func (c *Crawler) open(ctx context.Context) error {
	if c.o.Via == Archive {
		return nil
	}
	needs := [2]bool{carry.Spot: c.o.wants(data.KindSpot) || c.o.wants(KindRules), carry.Perp: true}
	for leg, m := range [2]wire.Market{carry.Spot: wire.Spot, carry.Perp: wire.Futures} {
		if !needs[leg] {
			continue
		}
		info, raw, from, err := c.client.ExchangeInfo(ctx, m)
		if err != nil {
			if c.o.Via == Auto && ctx.Err() == nil && !errors.Is(err, binance.ErrRefused) {
				c.note(fmt.Sprintf("%v: archives only", err))
				continue
			}
			return err
		}
		k := &c.markets[leg]
		k.info, k.raw, k.from, k.symbols = info, raw, from, map[string]wire.SymbolInfo{}
		for _, s := range info.Symbols {
			k.symbols[s.Symbol] = s
		}
		if c.server == 0 || info.ServerTime < c.server {
			c.server = info.ServerTime
		}
	}
	return nil
}

// has tells whether a market knows a symbol. The archive is asked only for
// what the exchange does not name.
func (c *Crawler) has(ctx context.Context, leg carry.Leg, symbol string) (bool, error) {
	m := &c.markets[leg]
	if _, ok := m.symbols[symbol]; ok {
		return true, nil
	}
	if c.o.Via == REST {
		return false, nil
	}
	if err := c.list(ctx, leg); err != nil {
		return false, err
	}
	return m.listed[symbol], nil
}

// list reads the names of a leg's folders in the archive, once.
func (c *Crawler) list(ctx context.Context, leg carry.Leg) error {
	m := &c.markets[leg]
	if m.listed != nil {
		return nil
	}
	listed := map[string]bool{}
	for _, kind := range kindsOfLeg[leg] {
		_, dirs, err := c.client.List(ctx, fmt.Sprintf(folders[kind], "monthly"), "")
		if err != nil {
			return err
		}
		for _, d := range dirs {
			if s := path.Base(d); plainSymbol(s) {
				listed[s] = true
			}
		}
	}
	m.listed = listed
	return nil
}

// plainSymbol tells a coin against USDT from quarterly contracts and other
// quotes.
func plainSymbol(s string) bool {
	base, ok := strings.CutSuffix(s, "USDT")
	return ok && base != "" && !strings.ContainsAny(s, "_/~ ")
}

// coins resolves what was asked for.
func (c *Crawler) coins(ctx context.Context) ([]coin, error) {
	switch {
	case c.o.All:
		return c.allCoins(ctx)
	case len(c.o.Coins) > 0:
		var out []coin
		for _, name := range c.o.Coins {
			k, err := c.namedCoin(ctx, name)
			if err != nil {
				return nil, err
			}
			if !slices.Contains(out, k) {
				out = append(out, k)
			}
		}
		return out, nil
	}
	return c.storedCoins(ctx)
}

// multipliers are what contracts on several coins put before the coin's name.
// Whether they mean it is verified by price when the legs are paired.
var multipliers = [...]string{"", "1000", "1M", "10000", "100000", "1000000"}

func (c *Crawler) namedCoin(ctx context.Context, name string) (coin, error) {
	base := strings.ToUpper(strings.TrimSpace(name))
	if len(base) > len("USDT") {
		base = strings.TrimSuffix(base, "USDT")
	}
	if base == "" || !plainSymbol(base+"USDT") {
		return coin{}, fmt.Errorf("%w: %q is not a coin", ErrUnknownCoin, name)
	}
	var k coin
	for _, m := range multipliers {
		ok, err := c.has(ctx, carry.Perp, m+base+"USDT")
		if err != nil {
			return k, err
		}
		if ok {
			k.perp = m + base + "USDT"
			break
		}
	}
	var err error
	if c.o.wants(data.KindSpot) {
		if k.spot, err = c.twin(ctx, base+"USDT"); err != nil {
			return k, err
		}
	}
	if k.perp == "" && k.spot == "" {
		return k, fmt.Errorf("%w %s: neither a perpetual nor a spot market against USDT", ErrUnknownCoin, base)
	}
	return k, nil
}

// twin is the spot symbol of a perpetual; "" where spot has none.
func (c *Crawler) twin(ctx context.Context, perp string) (string, error) {
	for _, m := range multipliers {
		spot, ok := strings.CutPrefix(perp, m)
		if !ok || spot == "USDT" {
			continue
		}
		ok, err := c.has(ctx, carry.Spot, spot)
		if err != nil || ok {
			return spot, err
		}
	}
	return "", nil
}

// allCoins are all perpetuals that the archive or the exchange names, with
// their spot twins. Without archives those that were delisted are not seen.
func (c *Crawler) allCoins(ctx context.Context) ([]coin, error) {
	names := map[string]bool{}
	for s := range c.markets[carry.Perp].symbols {
		names[s] = plainSymbol(s)
	}
	if c.o.Via == REST {
		c.note("by REST alone, coins that were delisted are not included")
	} else {
		if err := c.list(ctx, carry.Perp); err != nil {
			return nil, err
		}
		for s := range c.markets[carry.Perp].listed {
			names[s] = true
		}
	}
	return c.withTwins(ctx, names)
}

// storedCoins are the coins that the store has series of.
func (c *Crawler) storedCoins(ctx context.Context) ([]coin, error) {
	names := map[string]bool{}
	for _, kind := range []string{data.KindPerp, data.KindFunding} {
		list, err := c.store.StoredSymbols(ctx, kind)
		if err != nil {
			return nil, err
		}
		for _, s := range list {
			names[s] = plainSymbol(s)
		}
	}
	out, err := c.withTwins(ctx, names)
	if err == nil && len(out) == 0 {
		return nil, fmt.Errorf("%w: the database names no coins yet", ErrOptions)
	}
	return out, err
}

func (c *Crawler) withTwins(ctx context.Context, names map[string]bool) ([]coin, error) {
	var perps []string
	for s, ok := range names {
		if ok {
			perps = append(perps, s)
		}
	}
	slices.Sort(perps)
	out := make([]coin, 0, len(perps))
	for _, perp := range perps {
		k := coin{perp: perp}
		if c.o.wants(data.KindSpot) {
			var err error
			if k.spot, err = c.twin(ctx, perp); err != nil {
				return nil, err
			}
		}
		out = append(out, k)
	}
	return out, nil
}
