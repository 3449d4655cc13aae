package exchange

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"carry"
)

// TestWeightWindowIsExact holds the bucket against a sum over all requests.
func TestWeightWindowIsExact(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		b := bucket{limit: 50, span: carry.Minute}
		type request struct {
			at     carry.Time
			weight int
		}
		var past []request
		used := func(now carry.Time) (sum int) {
			for _, q := range past {
				if now-q.at < carry.Minute {
					sum += q.weight
				}
			}
			return sum
		}
		now := carry.Time(1_700_000_000_000)
		for range 2000 {
			now += carry.Time(r.IntN(4000))
			w := 1 + r.IntN(20)
			wait, ok := b.fits(now, w)
			if want := used(now)+w <= 50; ok != want {
				t.Fatalf("seed %d at %d: weight %d on %d used: fits %t", seed, now, w, used(now), ok)
			}
			if ok {
				b.spend(now, w)
				past = append(past, request{now, w})
				if got := used(now); got != b.used || got > b.peak {
					t.Fatalf("seed %d: bucket says %d (peak %d), the sum is %d", seed, b.used, b.peak, got)
				}
				continue
			}
			if used(now+wait)+w > 50 || used(now+wait-1)+w <= 50 {
				t.Fatalf("seed %d: after %d ms it fits %t, a millisecond before %t", seed, wait, used(now+wait)+w <= 50, used(now+wait-1)+w <= 50)
			}
		}
		if b.peak != 50 && b.peak < 45 {
			t.Errorf("seed %d: peak %d of 50 was never near the limit", seed, b.peak)
		}
	}
}

func TestWeightsOfEndpoints(t *testing.T) {
	s := open(t, TinyFacts(), at(t, tinyNow), Options{Keys: map[string]string{"k": "s"}})
	for _, c := range []struct {
		futures bool
		path    string
		weight  int
	}{
		{false, "/api/v3/time", 1}, {false, "/api/v3/klines?symbol=AAAUSDT&interval=1h&limit=1", 2}, {false, "/api/v3/klines?symbol=AAAUSDT&interval=1h&limit=1000", 2},
		{false, "/api/v3/exchangeInfo", 20}, {true, "/fapi/v1/exchangeInfo", 1}, {true, "/fapi/v1/time", 1},
		{true, "/fapi/v1/klines?symbol=AAAUSDT&interval=1h&limit=1", 1}, {true, "/fapi/v1/klines?symbol=AAAUSDT&interval=1h&limit=99", 1},
		{true, "/fapi/v1/klines?symbol=AAAUSDT&interval=1h&limit=100", 2}, {true, "/fapi/v1/klines?symbol=AAAUSDT&interval=1h&limit=499", 2},
		{true, "/fapi/v1/klines?symbol=AAAUSDT&interval=1h&limit=500", 5}, {true, "/fapi/v1/klines?symbol=AAAUSDT&interval=1h", 5},
		{true, "/fapi/v1/markPriceKlines?symbol=AAAUSDT&interval=1h&limit=1000", 5}, {true, "/fapi/v1/premiumIndexKlines?symbol=AAAUSDT&interval=1h&limit=1001", 10},
		{true, "/fapi/v1/indexPriceKlines?pair=AAAUSDT&interval=1h&limit=1500", 10},
		{true, "/fapi/v1/premiumIndex?symbol=AAAUSDT", 1}, {true, "/fapi/v1/premiumIndex", 10},
		{true, "/fapi/v1/fundingRate?symbol=AAAUSDT", 0}, {true, "/fapi/v1/fundingInfo", 0}, {true, "/fapi/v1/leverageBracket", 1},
		{true, "/fapi/v1/klines?symbol=NOPE&interval=1h&limit=100", 2}, // refused requests cost too
	} {
		base, m := s.URLs().Spot, SpotMarket
		if c.futures {
			base, m = s.URLs().Futures, FuturesMarket
		}
		before := s.Stats().Weight[m]
		r := s.ask(base + c.path)
		after := s.Stats().Weight[m]
		if after-before != c.weight {
			t.Errorf("%s: weight %d, want %d", c.path, after-before, c.weight)
		}
		if got := r.header.Get("X-MBX-USED-WEIGHT-1M"); got != fmt.Sprint(after) {
			t.Errorf("%s: header %q, used %d", c.path, got, after)
		}
	}
}

func TestTooManyRequestsThenABan(t *testing.T) {
	s := open(t, TinyFacts(), at(t, tinyNow), Options{Limits: Limits{FuturesWeight: 12, Grace: 2}})
	ask := func() reply { return s.futures("/fapi/v1/klines?symbol=AAAUSDT&interval=1h&limit=500") } // 5
	if a, b := ask(), ask(); a.status != 200 || b.status != 200 {
		t.Fatalf("within the limit: %d, %d", a.status, b.status)
	}
	s.clock.Advance(20 * time.Second)
	r := ask()
	r.refused(t, 429, -1003, "current limit is 12 request weight")
	if r.header.Get("Retry-After") != "40" {
		t.Errorf("Retry-After %q, want the 40 s until the first request leaves the window", r.header.Get("Retry-After"))
	}
	if r.header.Get("X-MBX-USED-WEIGHT-1M") != "10" {
		t.Errorf("a refused request was charged: %q", r.header.Get("X-MBX-USED-WEIGHT-1M"))
	}
	for range 2 { // those that were under way
		ask().refused(t, 429, -1003, "")
	}
	r = ask()
	r.refused(t, 418, -1003, "IP banned until ")
	if r.header.Get("Retry-After") != "120" {
		t.Errorf("the first ban is %q s, want 120", r.header.Get("Retry-After"))
	}
	s.clock.Advance(119 * time.Second)
	ask().refused(t, 418, -1003, "")
	s.clock.Advance(time.Second)
	if r := ask(); r.status != 200 {
		t.Fatalf("after the ban: %d %s", r.status, r.body)
	}
	st := s.Stats()
	if st.Limited != 3 || st.Banned != 2 || st.PeakWeight[FuturesMarket] > 12 {
		t.Errorf("limited %d, banned %d, peak %d", st.Limited, st.Banned, st.PeakWeight[FuturesMarket])
	}
	if r := s.spot("/api/v3/time"); r.status != 200 {
		t.Errorf("spot has its own limits: %d", r.status)
	}
}

func TestObeyingRetryAfterIsEnough(t *testing.T) {
	s := open(t, TinyFacts(), at(t, tinyNow), Options{Limits: Limits{FuturesWeight: 30}})
	for range 200 {
		r := s.futures("/fapi/v1/klines?symbol=AAAUSDT&interval=1h&limit=499")
		if r.status == 429 {
			sec, err := strconv.Atoi(r.header.Get("Retry-After"))
			if err != nil {
				t.Fatal(err)
			}
			s.clock.Advance(time.Duration(sec) * time.Second)
			if r = s.futures("/fapi/v1/klines?symbol=AAAUSDT&interval=1h&limit=499"); r.status != 200 {
				t.Fatalf("after waiting %d s: %d", sec, r.status)
			}
		}
		s.clock.Advance(1700 * time.Millisecond)
	}
	if st := s.Stats(); st.Banned != 0 || st.PeakWeight[FuturesMarket] > 30 {
		t.Errorf("banned %d, peak %d", st.Banned, st.PeakWeight[FuturesMarket])
	}
}

func TestFundingHasItsOwnBucket(t *testing.T) {
	s := open(t, TinyFacts(), at(t, tinyNow), Options{Limits: Limits{Funding: 4}})
	for _, path := range []string{"fundingRate?symbol=AAAUSDT", "fundingInfo", "fundingRate?symbol=BBBUSDT", "fundingInfo"} {
		if r := s.futures("/fapi/v1/" + path); r.status != 200 || r.header.Get("X-MBX-USED-WEIGHT-1M") != "0" {
			t.Fatalf("%s: %d, weight %q", path, r.status, r.header.Get("X-MBX-USED-WEIGHT-1M"))
		}
	}
	r := s.futures("/fapi/v1/fundingRate?symbol=AAAUSDT")
	if r.status != 429 || r.header.Get("Retry-After") != "300" {
		t.Errorf("the fifth within 5 minutes: %d, Retry-After %q", r.status, r.header.Get("Retry-After"))
	}
	s.clock.Advance(300 * time.Second)
	if r := s.futures("/fapi/v1/fundingRate?symbol=AAAUSDT"); r.status != 200 {
		t.Errorf("after 5 minutes: %d", r.status)
	}
	if st := s.Stats(); st.FundingPeak != 4 {
		t.Errorf("peak %d", st.FundingPeak)
	}
}
