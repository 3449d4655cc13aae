package binance

import (
	"context"
	"errors"
	"testing"

	"carry"
	"carry/internal/binance/wire"
)

// hourOld is a venue whose market was cut at an hour, without a connection.
func hourOld(hour carry.Time) *Venue {
	pairs := []carry.Pair{{Coin: "BTC", SpotSymbol: "BTCUSDT", PerpSymbol: "BTCUSDT", Mult: 1}}
	v := &Venue{o: VenueOptions{Pairs: pairs, Step: carry.Hour}, mirror: newMirror(pairs), flights: newFlights(), last: hour}
	v.symbols[wire.Futures] = map[string]int32{"BTCUSDT": 0}
	v.market.reset(pairs)
	v.market.done = hour
	return v
}

// marksAt lets the array of marks of one moment come.
func (v *Venue) marksAt(at carry.Time) {
	v.market.marks = []wire.Mark{{Symbol: "BTCUSDT", Mark: 30_000, At: at}}
	v.takeMarks()
}

// After a timer the market is shown with the next marks and bears their time;
// marks that came before the timer are the past.
func TestMomentInsideTheBarBearsItsTime(t *testing.T) {
	ctx, hour := context.Background(), carry.Time(450_000)*carry.Hour
	v := hourOld(hour)
	// The later timer was set first; the earlier one is told first.
	v.timers = []timer{{hour + 17*carry.Minute, 1}, {hour + 16*carry.Minute, 2}}
	now := hour + 17*carry.Minute + 100
	v.marksAt(now - 900)
	for _, id := range []uint32{2, 1} {
		k := v.due(now)
		if k < 0 || v.timers[k].id != id {
			t.Fatalf("due is %d of %v, want timer %d", k, v.timers, id)
		}
		at := v.timers[k].at
		v.timers = append(v.timers[:k], v.timers[k+1:]...)
		v.market.lookIn, v.last = at, at
	}
	if err := v.cutIfDue(ctx, now); err != nil || len(v.out) > 0 {
		t.Fatalf("shown with marks from before the timer: %v %v", v.out, err)
	}
	v.marksAt(now + 100)
	if err := v.cutIfDue(ctx, now+100); err != nil {
		t.Fatal(err)
	}
	ev, err := v.Next(ctx)
	if err != nil || ev.Kind != carry.EvMarket || ev.At != now+100 || ev.Market.At != ev.At || !ev.Market.Within || ev.Market.Mark[0] != 30_000 {
		t.Fatalf("%+v, %v", ev, err)
	}
	if v.marksAt(now + 200); v.wantsInside() {
		t.Error("one timer shows more than one moment")
	}
}

// An event without a time ends the run: a core would believe that it is 1970.
func TestNoEventWithoutATime(t *testing.T) {
	v := hourOld(carry.Hour)
	v.emit(carry.Event{Kind: carry.EvTimer, Pair: -1})
	if ev, err := v.Next(context.Background()); !errors.Is(err, errTimeless) {
		t.Errorf("%+v, %v", ev, err)
	}
}

// Before the first cross-section after a start a moment inside the bar has the rates
// that the marks tell; afterwards those of the last closed bar.
func TestMomentAfterAStartHasRates(t *testing.T) {
	hour := carry.Time(450_000) * carry.Hour
	v := hourOld(hour)
	m := &v.market
	m.prime(carry.Hour)
	m.marks = []wire.Mark{{Symbol: "BTCUSDT", Mark: 30_000, Rate: 0.0003, At: hour + carry.Minute}}
	v.takeMarks()
	if c := m.inside(); float64(c.Predicted[0]) != 0.0003 {
		t.Errorf("after a start the rate is %v", c.Predicted[0])
	}
	m.cross(hour+carry.Hour, carry.Hour)
	m.marks[0].At, m.marks[0].Rate = hour+carry.Hour+carry.Minute, 0.0005
	v.takeMarks()
	if c := m.inside(); float64(c.Predicted[0]) != 0.0003 {
		t.Errorf("after a cross-section the rate is %v", c.Predicted[0])
	}
}
