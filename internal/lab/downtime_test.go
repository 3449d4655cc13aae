package lab

import (
	"context"
	"net/http"
	"testing"

	"carry"
	"carry/data"
	"carry/internal/exchange"
)

// steps lets the exchange live on without its client until a time.
func (r *crashRig) steps(until carry.Time) {
	r.t.Helper()
	client := &http.Client{Transport: r.wire.Transport()}
	for r.pg.trading.Now() < until {
		resp, err := client.Post(r.pg.url+"/loopback/v1/step", "", nil)
		if err != nil {
			r.t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			r.t.Fatalf("step: HTTP %d", resp.StatusCode)
		}
	}
}

// A client is away for days while orders fill, funding is paid and the market goes
// on. When it is back it is told every fill and every payment once, in order of
// time, all settled rates and every hour that it missed, and goes on trading.
func TestAwayForDays(t *testing.T) {
	for _, at := range []int{30, 120} {
		rig := newCrashRig(t, crashSpec(t, 6*24), exchange.TradeFaults{})
		if got, err := rig.live(&crasher{left: at, mode: crashAfter}); err != nil || got != nil {
			t.Fatalf("it did not die: %v", err)
		}
		left := rig.pg.trading.Now()
		rig.steps(left + 3*carry.Day + 7*carry.Hour)
		back := rig.pg.trading.Now()
		c := &crasher{left: -1}
		got, err := rig.live(c)
		if err != nil {
			t.Fatal(err)
		}
		rig.check(got, c)
		var hour, settled carry.Time
		missed, paid, late, orders := 0, 0, 0, 0
		err = data.ReadJournal(context.Background(), rig.path, func(*data.Session) error { return nil }, func(rec *data.JournalRecord) error {
			if rec.Command != nil && rec.Command.Kind == carry.CmdOrder && rec.At >= back {
				orders++
			}
			ev := rec.Event
			if ev == nil {
				return nil
			}
			away := ev.At > left && ev.At < back.Floor(carry.Hour)
			switch {
			case ev.Kind == carry.EvMarket && !ev.Market.Within:
				if at := ev.Market.At; hour != 0 && at != hour+carry.Hour {
					t.Errorf("after %s comes %s", hour, at)
				}
				if hour = ev.Market.At; away {
					missed++
					if !ev.Market.WarmUp {
						t.Errorf("%s was decided on afterwards", ev.At)
					}
				}
			case ev.Kind == carry.EvRates:
				if ev.At <= settled {
					t.Errorf("rates of %s come after those of %s", ev.At, settled)
				}
				settled = ev.At
			case ev.Kind == carry.EvPaid:
				if paid++; away {
					late++
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if missed < 70 || late == 0 || orders == 0 || paid != got.Result.Counts.Postings {
			t.Errorf("%d hours missed, %d of %d payments while away (%d in the result), %d orders afterwards", missed, late, paid, got.Result.Counts.Postings, orders)
		}
		t.Logf("died at record %d: %d hours and %d payments told afterwards, %d orders since", at, missed, late, orders)
	}
}
