package binance

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"

	"carry"
	"carry/internal/binance/wire"
)

// deadManAfter is how long after the last sign of life the exchange cancels what
// rests of ours on the futures market; a quarter of it passes between two signs.
// Spot has nothing of the kind.
const deadManAfter = 2 * carry.Minute

// deadMan keeps the exchange's countdowns running while orders rest, so that a
// program that dies leaves none behind to be filled on one leg.
type deadMan struct {
	set  []int32 // pairs whose countdown runs, in their order
	next carry.Time
}

// deadManSpan is deadManAfter where the market runs faster than real time.
func (v *Venue) deadManSpan() carry.Time {
	return carry.Time(max(v.o.Speed, 1) * float64(deadManAfter))
}

// keepCountdowns gives a sign of life for every contract on which orders may rest,
// and ends the countdown of those on which none does any more. Where time stands a
// countdown would say nothing about life.
func (v *Venue) keepCountdowns(ctx context.Context, now carry.Time) error {
	d := &v.deadMan
	if v.o.Pace != nil {
		return nil
	}
	var rest []int32
	for _, x := range v.flights.list {
		if x.market == wire.Futures && x.cmd.Life.Rests() && !slices.Contains(rest, x.cmd.Pair) {
			rest = append(rest, x.cmd.Pair)
		}
	}
	slices.Sort(rest)
	if len(rest) == 0 && len(d.set) == 0 || now < d.next && slices.Equal(rest, d.set) {
		return nil
	}
	span := v.deadManSpan()
	d.next = now + span/4
	for _, i := range d.set {
		if slices.Contains(rest, i) {
			continue
		}
		if err := v.countdown(ctx, i, 0); err != nil {
			return err
		}
	}
	for _, i := range rest {
		if err := v.countdown(ctx, i, span); err != nil {
			return err
		}
	}
	d.set = rest
	return nil
}

// countdown sets one contract's countdown; 0 ends it. A failure is told and made
// good at the next sign of life: three may be missed.
func (v *Venue) countdown(ctx context.Context, pair int32, span carry.Time) error {
	symbol := v.o.Pairs[pair].PerpSymbol
	a := v.trader.countdown(ctx, symbol, span)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if a.status != http.StatusOK {
		b, _ := wire.DecodeError(a.body)
		v.o.Log(fmt.Sprintf("the countdown for orders of %s was not set: HTTP %d %s (%d)", symbol, a.status, b.Msg, b.Code))
	}
	return nil
}

// countdown is POST countdownCancelAll, which go-binance does not have.
func (t *trader) countdown(ctx context.Context, symbol string, span carry.Time) *attempt {
	return t.try(ctx, hostFutures, func(ctx context.Context) error {
		query := t.keys.sign(url.Values{"symbol": {symbol}, "countdownTime": {ms(span)}}.Encode(), t.clock.Now()+t.offset())
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.futures.BaseURL+"/fapi/v1/countdownCancelAll?"+query, nil)
		if err != nil {
			return err
		}
		req.Header.Set("X-MBX-APIKEY", t.keys.key)
		resp, err := t.futures.HTTPClient.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, answerMax))
		return err
	})
}
