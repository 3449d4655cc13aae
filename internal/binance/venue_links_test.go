package binance

import (
	"context"
	"testing"

	"carry"
)

// Of several connections that break, the first break and the last return are
// told: while one is missing, the client is cut off.
func TestTheConnectionIsDownUntilAllLinksAreUp(t *testing.T) {
	c, err := NewClient(Options{URLs: DefaultURLs(), Clock: &tickClock{now: 1_600_000_000_000}, Keys: &Keys{key: "k", secret: "s"}})
	if err != nil {
		t.Fatal(err)
	}
	v, err := NewVenue(VenueOptions{Client: c, Run: "t", Step: carry.Hour, Interval: "1h"})
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"spot", "public", "market", "private", "api"}
	links := map[string]*link{}
	for _, n := range names {
		links[n] = &link{name: n}
		v.up[links[n]] = true
	}
	v.started = true
	said := func() (codes []carry.Code) {
		for _, ev := range v.out {
			codes = append(codes, ev.Code)
		}
		v.out = nil
		return codes
	}
	v.down(links["spot"])
	v.down(links["market"])
	v.down(links["market"])
	if got := said(); len(got) != 1 || got[0] != carry.CodeStale {
		t.Errorf("two links broke: %v", got)
	}
	if err := v.linkUp(context.Background(), links["spot"]); err != nil {
		t.Fatal(err)
	}
	if got := said(); len(got) != 0 {
		t.Errorf("one of two is back: %v", got)
	}
	if err := v.linkUp(context.Background(), links["market"]); err != nil {
		t.Fatal(err)
	}
	if got := said(); len(got) != 1 || got[0] != carry.OK {
		t.Errorf("both are back: %v", got)
	}
}

// Whatever becomes known late bears the time of its telling: a core's time does
// not run backward.
func TestLateNewsBearTheTimeOfTheirTelling(t *testing.T) {
	v := &Venue{mirror: newMirror(nil)}
	for _, at := range []carry.Time{1000, 5000, 3000, 6000} {
		v.emit(carry.Event{Kind: carry.EvLink, At: at, Pair: -1})
	}
	v.last = 9000 // told already
	v.emit(carry.Event{Kind: carry.EvLink, At: 7000, Pair: -1})
	for k, want := range []carry.Time{1000, 5000, 5000, 6000, 9000} {
		if v.out[k].At != want {
			t.Errorf("event %d bears %d, want %d", k, v.out[k].At, want)
		}
	}
}
