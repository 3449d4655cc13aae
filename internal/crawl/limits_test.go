package crawl

import (
	"errors"
	"testing"
	"time"

	"carry"
	"carry/data"
	"carry/internal/binance"
	"carry/internal/binance/wire"
	"carry/internal/exchange"
	"carry/sim"
)

// yearFrom and yearTo are one year of 8,760 hours.
const (
	yearFrom = carry.Time(1672531200000) // 2023-01-01
	yearTo   = carry.Time(1704067200000) // 2024-01-01
)

func yearFacts(t testing.TB, coins int) *exchange.MarketFacts {
	t.Helper()
	facts, err := exchange.NewGeneratedFacts(sim.MarketOptions{Coins: coins, From: yearFrom, To: yearTo, Step: carry.Hour, Seed: 7,
		NoListings: true, NoDelistings: true, NoOutages: true, NoEpisodes: true})
	if err != nil {
		t.Fatal(err)
	}
	return facts
}

// theoreticalSeconds is the least time for 74 pairs, one year, by REST: 18
// pages of weight 2 each at 2,400 a minute (performance.md §3).
const theoreticalSeconds = 74 * 18 * 2 / 2400.0 * 60

// A year of 74 pairs by REST alone, on a server that enforces the weights over
// a sliding window, takes at most a tenth longer than the limits allow, and no
// request is ever refused. Asking again when there is nothing new costs at most
// one request per series.
func TestAYearByRESTWithinTheLimits(t *testing.T) {
	if testing.Short() {
		t.Skip("fetches two million rows")
	}
	w := newWorld(t, yearFacts(t, 74), yearTo+5*carry.Minute, exchange.Options{})
	s := w.open()
	o := Options{All: true, Via: REST, From: yearFrom, To: yearTo, Kinds: []string{data.KindFunding, data.KindSpot, data.KindPerp}}
	start, began := w.clock.Now(), time.Now()
	rep := w.crawl(s, o)
	took := float64(w.clock.Now()-start) / 1000
	st := w.server.Stats()
	t.Logf("%.1f s on the virtual clock (least %.1f), %.1f s real; requests %v, weight %v, peak %v, funding peak %d",
		took, theoreticalSeconds, time.Since(began).Seconds(), st.Requests, st.Weight, st.PeakWeight, st.FundingPeak)
	if want := 74 * (8760 + 8760 + 1095); rep.Put.New < want-74 || !rep.Complete() {
		t.Errorf("%d rows, want %d; %+v", rep.Put.New, want, rep.Lacks)
	}
	if st.Limited+st.Banned > 0 || st.Statuses[429]+st.Statuses[418] > 0 {
		t.Errorf("the limits were exceeded: %v", st.Statuses)
	}
	if took > 1.1*theoreticalSeconds {
		t.Errorf("%.1f s, want at most %.1f", took, 1.1*theoreticalSeconds)
	}
	before := total(st)
	if again := w.crawl(s, o); again.Put != (data.PutReport{}) {
		t.Errorf("a rerun stored %+v", again.Put)
	}
	if n := total(w.server.Stats()) - before; n > 3*74 {
		t.Errorf("a rerun asked %d times", n)
	}
}

// Somebody else on the same address spends weight too: what the header tells
// beyond our own is respected.
func TestForeignWeightIsRespected(t *testing.T) {
	w := newWorld(t, yearFacts(t, 2), yearTo+5*carry.Minute, exchange.Options{Limits: exchange.Limits{FuturesWeight: 60}})
	// Another client spends more than half of the budget at once.
	other := w.client()
	_, _, _, err := other.ExchangeInfo(t.Context(), wire.Futures)
	if err != nil {
		t.Fatal(err)
	}
	for range 18 {
		if _, _, err := other.LastKline(t.Context(), binance.PerpKlines, "BTCUSDT", "1h", yearTo); err != nil && !errors.Is(err, binance.ErrUnknownSymbol) {
			t.Fatal(err)
		}
	}
	s := w.open()
	w.crawl(s, Options{All: true, Via: REST, From: yearFrom, To: yearTo, Kinds: []string{data.KindPerp}})
	if st := w.server.Stats(); st.Limited > 0 {
		t.Errorf("%d answers 429", st.Limited)
	}
}
