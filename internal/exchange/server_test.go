package exchange

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"carry"
	"carry/internal/testenv"
	"carry/sim"
)

func TestTheServerListensOnLoopbackOnly(t *testing.T) {
	s := open(t, TinyFacts(), at(t, tinyNow), Options{})
	u := s.URLs()
	seen := map[string]bool{}
	for _, base := range []string{u.Spot, u.Futures, u.Archive, u.Listing} {
		p, err := url.Parse(base)
		if err != nil || p.Hostname() != "127.0.0.1" || p.Scheme != "http" || strings.HasSuffix(base, "/") {
			t.Errorf("%s: %v", base, err)
		}
		seen[p.Port()] = true
	}
	if len(seen) != 4 {
		t.Errorf("%d ports for four hosts", len(seen))
	}
	// Each host serves its own: spot is no futures, the archive no listing.
	for _, wrong := range []string{u.Spot + "/fapi/v1/time", u.Futures + "/api/v3/time", u.Archive + listingPath, u.Spot + "/data/spot/"} {
		if r := s.ask(wrong); r.status != 404 {
			t.Errorf("%s: %d", wrong, r.status)
		}
	}
}

// settle waits until the number of goroutines is back at a level.
func settle(t *testing.T, level int) {
	t.Helper()
	for range 200 {
		if runtime.NumGoroutine() <= level {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	buf := make([]byte, 1<<16)
	t.Errorf("%d goroutines are left, there were %d:\n%s", runtime.NumGoroutine(), level, buf[:runtime.Stack(buf, true)])
}

func TestCloseLeavesNothingBehind(t *testing.T) {
	before := runtime.NumGoroutine()
	rules := []FaultRule{
		{Kind: FaultHang, Path: "/fapi/v1/time"}, {Kind: FaultReset, Path: "/fapi/v1/ping"},
		{Kind: FaultDrip, Path: "/fapi/v1/klines"}, {Kind: FaultTruncated, Path: "/fapi/v1/exchangeInfo"},
	}
	s, err := New(TinyFacts(), Options{Clock: NewManualClock(at(t, tinyNow)), Faults: Faults{Rules: rules}, DripPause: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	c := &http.Client{Transport: &http.Transport{}, Timeout: time.Minute}
	var asked sync.WaitGroup
	for _, path := range []string{"/fapi/v1/time", "/fapi/v1/time", "/fapi/v1/ping", "/fapi/v1/klines?symbol=AAAUSDT&interval=1h", "/fapi/v1/exchangeInfo", "/fapi/v1/premiumIndex"} {
		asked.Add(1)
		go func() {
			defer asked.Done()
			resp, err := c.Get(s.URLs().Futures + path)
			if err == nil {
				buf := make([]byte, 1<<16)
				for err == nil {
					_, err = resp.Body.Read(buf)
				}
				resp.Body.Close()
			}
		}()
	}
	for s.Stats().Requests["futures /fapi/v1/time"] < 2 || s.Stats().Requests["futures /fapi/v1/klines"] < 1 {
		time.Sleep(time.Millisecond)
	}
	start := time.Now()
	if err := s.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("closing twice: %v", err)
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("closing took %s", d)
	}
	asked.Wait()
	c.CloseIdleConnections()
	settle(t, before)
	if conn, err := net.Dial("tcp", strings.TrimPrefix(s.URLs().Futures, "http://")); err == nil {
		conn.Close()
		t.Error("the port still answers")
	}
}

// budget is a client's own count of a sliding window.
type budget struct {
	limit int
	past  []spent
}

// wait is how long until weight may be spent.
func (b *budget) wait(now carry.Time, weight int) carry.Time {
	sum := weight
	for i := len(b.past) - 1; i >= 0; i-- {
		if sum += b.past[i].weight; sum > b.limit {
			return max(0, b.past[i].at+carry.Minute-now)
		}
	}
	return 0
}

// TestAYearOfPairsByRESTTakesVirtualMinutes is the crawl that the speed goal is
// measured on: funding, spot and perpetual of 74 pairs over a year of hours, by
// pages of 499 and within the limits. The weights alone need 66.6 s.
func TestAYearOfPairsByRESTTakesVirtualMinutes(t *testing.T) {
	testenv.Long(t, "crawl-speed")
	from, to := at(t, "2021-01-01"), at(t, "2022-01-01")
	facts, err := NewGeneratedFacts(sim.MarketOptions{Coins: 74, From: from, To: to, Seed: 1, NoListings: true, NoDelistings: true, NoOutages: true})
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, facts, to+carry.Day, Options{})
	start, real := s.clock.Now(), time.Now()
	var perp, spot budget
	perp.limit, spot.limit = 2400, 6000
	bars, settled := 0, 0
	get := func(b *budget, weight int, url string) reply {
		now := carry.Time(s.clock.Now().UnixMilli())
		if w := b.wait(now, weight); w > 0 {
			s.clock.Advance(time.Duration(w) * time.Millisecond)
			now += w
		}
		b.past = append(b.past, spent{now, weight})
		return s.ask(url)
	}
	page := func(b *budget, weight, limit int, base, symbol string) {
		for next := from; next < to; {
			r := get(b, weight, fmt.Sprintf("%s?symbol=%s&interval=1h&limit=%d&startTime=%d&endTime=%d", base, symbol, limit, next, to-1))
			if r.status != 200 {
				t.Fatalf("status %d: %s", r.status, r.body)
			}
			n := strings.Count(string(r.body), "[") - 1
			bars += n
			if next += carry.Time(n) * carry.Hour; n == 0 {
				break
			}
		}
	}
	for _, sym := range facts.Symbols(FuturesMarket) {
		page(&perp, 2, 499, s.URLs().Futures+"/fapi/v1/klines", sym.Name)
		for next := from; ; {
			r := s.futures(fmt.Sprintf("/fapi/v1/fundingRate?symbol=%s&limit=1000&startTime=%d&endTime=%d", sym.Name, next, to-1))
			got := stampsOf(r.body)
			if settled += len(got); len(got) < 1000 {
				break
			}
			next = got[len(got)-1] + 1
		}
	}
	for _, sym := range facts.Symbols(SpotMarket) {
		page(&spot, 2, 1000, s.URLs().Spot+"/api/v3/klines", sym.Name)
	}
	took := s.clock.Now().Sub(start)
	st := s.Stats()
	t.Logf("%d bars, %d settlements: %s of virtual time, %s of real time; weights %v, peaks %v, funding peak %d, %d MB",
		bars, settled, took, time.Since(real).Round(time.Millisecond), st.Weight, st.PeakWeight, st.FundingPeak, st.Bytes>>20)
	if bars != 2*74*365*24 || settled < 74*365*3-200 {
		t.Errorf("%d bars, %d settlements", bars, settled)
	}
	if took > 73*time.Second || st.Limited+st.Banned != 0 || st.PeakWeight[FuturesMarket] > 2400 || st.FundingPeak > 500 {
		t.Errorf("took %s, limited %d, banned %d, peak %v, funding %d", took, st.Limited, st.Banned, st.PeakWeight, st.FundingPeak)
	}
}

// stampsOf are the funding times in a JSON answer.
func stampsOf(body []byte) []carry.Time {
	var out []carry.Time
	parts := strings.Split(string(body), `"fundingTime":`)
	for _, p := range parts[1:] {
		var v int64
		fmt.Sscanf(p, "%d", &v)
		out = append(out, carry.Time(v))
	}
	return out
}

func BenchmarkSmallRequests(b *testing.B) {
	s := open(b, TinyFacts(), at(b, tinyNow), Options{Limits: Limits{FuturesWeight: 1 << 50}})
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if r := s.futures("/fapi/v1/klines?symbol=AAAUSDT&interval=1h&limit=5"); r.status != 200 {
				b.Errorf("status %d", r.status)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
}

func BenchmarkPageOf499(b *testing.B) {
	facts, err := NewGeneratedFacts(sim.MarketOptions{Coins: 1, From: at(b, "2021-01-01"), To: at(b, "2021-06-01"), Seed: 1})
	if err != nil {
		b.Fatal(err)
	}
	s := open(b, facts, at(b, "2021-06-01"), Options{Limits: Limits{FuturesWeight: 1 << 50}})
	symbol := facts.Symbols(FuturesMarket)[0].Name
	for b.Loop() {
		s.futures("/fapi/v1/klines?interval=1h&limit=499&startTime=0&symbol=" + symbol)
	}
}

func BenchmarkMonthlyZips(b *testing.B) {
	s := open(b, TinyFacts(), at(b, "2025-03-10"), Options{CacheBytes: 1})
	for b.Loop() {
		s.file(zipPath)
	}
}
