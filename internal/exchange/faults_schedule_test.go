package exchange

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// hitsOf asks n times and tells which answers had status 500.
func hitsOf(t *testing.T, rule FaultRule, seed uint64, paths []string) []bool {
	t.Helper()
	rule.Kind = Fault500
	s := open(t, TinyFacts(), at(t, tinyNow), Options{Faults: Faults{Seed: seed, Rules: []FaultRule{rule}}})
	out := make([]bool, len(paths))
	for i, p := range paths {
		out[i] = s.futures(p).status == 500
	}
	return out
}

func repeat(path string, n int) []string { return slices.Repeat([]string{path}, n) }

func TestScheduleByNumber(t *testing.T) {
	got := hitsOf(t, FaultRule{Nth: 3, Times: 2, Path: "/fapi/v1/time"}, 1, repeat("/fapi/v1/time", 6))
	if want := []bool{false, false, true, true, false, false}; !slices.Equal(got, want) {
		t.Errorf("from the third on, twice: %v", got)
	}
	got = hitsOf(t, FaultRule{Path: "/fapi/v1/t*"}, 1, []string{"/fapi/v1/ping", "/fapi/v1/time", "/fapi/v1/ping"})
	if want := []bool{false, true, false}; !slices.Equal(got, want) {
		t.Errorf("by path: %v", got)
	}
	got = hitsOf(t, FaultRule{Path: "*symbol=AAA*?*"}, 1, []string{"/fapi/v1/time"})
	if got[0] {
		t.Error("a pattern that does not match hits")
	}
	got = hitsOf(t, FaultRule{Path: "/fapi/v1/klines?*symbol=BBBUSDT*"}, 1, []string{"/fapi/v1/klines?symbol=AAAUSDT&interval=1h&limit=1", "/fapi/v1/klines?symbol=BBBUSDT&interval=1h&limit=1"})
	if want := []bool{false, true}; !slices.Equal(got, want) {
		t.Errorf("by query: %v", got)
	}
}

func TestScheduleByChanceDependsOnTheSeedAndNotOnTheOrder(t *testing.T) {
	var paths []string
	for i := range 400 {
		paths = append(paths, fmt.Sprintf("/fapi/v1/klines?symbol=AAAUSDT&interval=1h&limit=%d", 1+i%40))
	}
	rule := FaultRule{Prob: 0.3}
	a := hitsOf(t, rule, 5, paths)
	if !slices.Equal(a, hitsOf(t, rule, 5, paths)) {
		t.Fatal("the same seed gives other faults")
	}
	if slices.Equal(a, hitsOf(t, rule, 6, paths)) {
		t.Error("another seed gives the same faults")
	}
	if n := countTrue(a); n < 80 || n > 160 {
		t.Errorf("%d of 400 hits at a chance of 0.3", n)
	}
	// Each path's own sequence stays when the requests come in another order.
	back := slices.Clone(paths)
	slices.Reverse(back)
	b := hitsOf(t, rule, 5, back)
	per := func(paths []string, hits []bool, p string) (out []bool) {
		for i := range paths {
			if paths[i] == p {
				out = append(out, hits[i])
			}
		}
		return out
	}
	for _, p := range paths[:40] {
		if !slices.Equal(per(paths, a, p), per(back, b, p)) {
			t.Fatalf("%s: the order of requests changes its faults", p)
		}
	}
}

func countTrue(v []bool) (n int) {
	for _, b := range v {
		if b {
			n++
		}
	}
	return n
}

func TestContentIsDecidedOncePerFile(t *testing.T) {
	s := open(t, TinyFacts(), at(t, "2025-03-10"), Options{CacheBytes: 1,
		Faults: Faults{Seed: 3, Rules: []FaultRule{{Kind: FaultMissingDays, Times: 1, Path: "*/monthly/*"}, {Kind: FaultCutCentral, Published: true, Path: "*AAAUSDT-1h-2024-12.zip"}}}})
	base := "data/futures/um/monthly/klines/AAAUSDT/1h/AAAUSDT-1h-"
	for range 3 {
		if n := len(s.file(base + "2025-01.zip").lines(t)); n != 1+29*24 {
			t.Errorf("%d lines, want two days less", n)
		}
	}
	if n := len(s.file("data/spot/monthly/klines/AAAUSDT/1h/AAAUSDT-1h-2025-01.zip").lines(t)); n != 31*24 {
		t.Errorf("one file only: the second has %d lines", n)
	}
	if n := s.Stats().Faults[FaultMissingDays]; n != 3 {
		t.Errorf("served %d times, want 3", n)
	}
	// A cut that was published so has a checksum that fits.
	r := s.file(base + "2024-12.zip")
	sum := s.file(base + "2024-12.zip.CHECKSUM")
	if want := fmt.Sprintf("%x", sha256.Sum256(r.body)); string(sum.body[:64]) != want {
		t.Error("the checksum does not fit the cut file")
	}
}

func TestBadSchedulesAreRefused(t *testing.T) {
	for _, c := range []struct {
		rule FaultRule
		want string
	}{
		{FaultRule{Kind: "gremlins"}, `there is no fault "gremlins"`},
		{FaultRule{Kind: Fault500, Prob: 1.5}, "outside 0..1"},
		{FaultRule{Kind: Fault500, Nth: -1}, "negative"},
		{FaultRule{Kind: FaultRepublished}, "needs At"},
		{FaultRule{Kind: FaultIntervalChange}, "needs At"},
	} {
		_, err := New(TinyFacts(), Options{Faults: Faults{Rules: []FaultRule{c.rule}}})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c.rule, err)
		}
	}
}

func TestGlob(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"a", "a", true}, {"a", "ab", false}, {"*", "", true}, {"a*", "abc", true}, {"*c", "abc", true}, {"*c", "abcd", false},
		{"a*c*e", "abcde", true}, {"a*d*c", "abcd", false}, {"**b", "ab", true}, {"ab*ab", "ab", false},
	} {
		if got := glob(c.pattern, c.text); got != c.want {
			t.Errorf("glob(%q, %q) = %t", c.pattern, c.text, got)
		}
	}
}
