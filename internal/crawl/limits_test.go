package crawl

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"carry"
	"carry/data"
	"carry/internal/binance"
	"carry/internal/binance/wire"
	"carry/internal/exchange"
	"carry/internal/testenv"
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

// leastSeconds is the least time for so many pairs, one year, by REST: 18 pages
// of weight 2 each (performance.md §3); 74 pairs at 2,400 a minute take 66.6 s.
func leastSeconds(pairs, perMinute int) float64 {
	return float64(pairs) * 18 * 2 / float64(perMinute) * 60
}

// A year of 74 pairs by REST alone, on a server that enforces the weights over
// a sliding window, takes at most a tenth longer than the limits allow, and no
// request is ever refused. Asking again when there is nothing new costs at most
// one request per series.
func TestAYearOf74PairsWithinTheLimits(t *testing.T) {
	testenv.Long(t, "crawl-speed")
	took, again := yearWithinLimits(t, 74, 2400)
	least := leastSeconds(74, 2400)
	testenv.Figure(t, "crawl: 74 pairs x 1 year by REST, virtual clock", took, "s", fmt.Sprintf("≤ %.1f", 1.1*least), took <= 1.1*least)
	testenv.Figure(t, "crawl: requests of a rerun with nothing new, per series", float64(again)/(3*74), "x", "≤ 1", again <= 3*74)
}

// The same of a ninth of the pairs at a ninth of the limit.
func TestAYearByRESTWithinTheLimits(t *testing.T) { yearWithinLimits(t, 8, 2400*8/74) }

// yearWithinLimits fetches a year, and again; it returns the seconds that the
// first crawl took on the virtual clock and the requests of the second.
func yearWithinLimits(t *testing.T, pairs, perMinute int) (took float64, again int) {
	t.Helper()
	w := newWorld(t, yearFacts(t, pairs), yearTo+5*carry.Minute, exchange.Options{Limits: exchange.Limits{FuturesWeight: perMinute}})
	s := w.open()
	o := Options{All: true, Via: REST, From: yearFrom, To: yearTo, Kinds: []string{data.KindFunding, data.KindSpot, data.KindPerp}}
	start, began, least := w.clock.Now(), time.Now(), leastSeconds(pairs, perMinute)
	rep := w.crawl(s, o)
	took = float64(w.clock.Now()-start) / 1000
	st := w.server.Stats()
	t.Logf("%.1f s on the virtual clock (%.1f at the mean rate), %.1f s real; requests %v, weight %v, peak %v, funding peak %d",
		took, least, time.Since(began).Seconds(), st.Requests, st.Weight, st.PeakWeight, st.FundingPeak)
	if want := pairs * (8760 + 8760 + 1095); rep.Put.New < want-pairs || !rep.Complete() {
		t.Errorf("%d rows, want %d; %+v", rep.Put.New, want, rep.Lacks)
	}
	if st.Limited+st.Banned > 0 || st.Statuses[429]+st.Statuses[418] > 0 {
		t.Errorf("the limits were exceeded: %v", st.Statuses)
	}
	if took > 1.1*least {
		t.Errorf("%.1f s, want at most %.1f", took, 1.1*least)
	}
	before := total(st)
	if again := w.crawl(s, o); again.Put != (data.PutReport{}) {
		t.Errorf("a rerun stored %+v", again.Put)
	}
	if again = total(w.server.Stats()) - before; again > 3*pairs {
		t.Errorf("a rerun asked %d times", again)
	}
	return took, again
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
