package binance

import (
	"context"
	"fmt"
	"net/http"

	"carry"
)

// lever is a leverage that is still to be set.
type lever struct {
	cmd     carry.Command
	nextTry carry.Time
	tries   int
}

// setLeverage sets the exchange's leverage of a pair. Set twice it is set once, so
// where the answer is unclear it is asked for again, later; only a refusal ends the
// run.
func (v *Venue) setLeverage(ctx context.Context, c *carry.Command) error {
	v.levers = append(v.levers, lever{cmd: *c})
	return v.settleLevers(ctx, v.c.Now())
}

// settleLevers sets what is still to be set. In lockstep every step is a try.
func (v *Venue) settleLevers(ctx context.Context, now carry.Time) error {
	left := v.levers[:0]
	for _, l := range v.levers {
		if l.nextTry > now && v.o.Pace == nil {
			left = append(left, l)
			continue
		}
		symbol := v.o.Pairs[l.cmd.Pair].PerpSymbol
		a := v.trader.leverage(ctx, symbol, int(l.cmd.ID))
		switch {
		case a.status == http.StatusOK:
		case ctx.Err() != nil:
			return ctx.Err()
		case a.status >= 400 && a.status < 500 && a.retry == 0 && a.status != http.StatusRequestTimeout:
			return fmt.Errorf("%w: leverage of %s was not set (HTTP %d)", ErrSetup, symbol, a.status)
		default:
			v.o.Log(fmt.Sprintf("leverage of %s: HTTP %d; it is set later", symbol, a.status))
			l.nextTry = now + pollAfter[min(l.tries, len(pollAfter)-1)]
			l.tries++
			left = append(left, l)
		}
	}
	v.levers = left
	return nil
}
