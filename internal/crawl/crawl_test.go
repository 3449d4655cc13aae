package crawl

import (
	"strings"
	"testing"

	"carry/data"
	"carry/internal/exchange"
)

// Archives and REST tell the same story: whichever way a series comes, the
// facts are the same but for the columns that one of them lacks.
func TestArchivesAndRESTGiveTheSameFacts(t *testing.T) {
	w := newWorld(t, exchange.TinyFacts(), tinyNow, exchange.Options{})
	o := Options{Coins: []string{"AAA"}, Now: tinyNow}

	auto := w.open()
	rep := w.crawl(auto, o)
	if !rep.Complete() || rep.Files == 0 || rep.Quarantined != 0 {
		t.Fatalf("%+v", rep)
	}
	w.path += ".rest"
	rest := w.open()
	o.Via = REST
	if rep = w.crawl(rest, o); !rep.Complete() || rep.Files != 0 {
		t.Fatalf("%+v", rep)
	}
	differ(t, "bars", dump(t, rest, "kline"), dump(t, auto, "kline"))
	differ(t, "gaps", dump(t, rest, "gap"), dump(t, auto, "gap"))
	if n := strings.Count(dump(t, auto, "funding AAA"), "\n"); n < 200 {
		t.Errorf("%d settlements", n)
	}
	// The pause of five hours is a gap that is known not to exist.
	if rep.Absent != 5 {
		t.Errorf("%d bars absent, want the 5 of the pause", rep.Absent)
	}
	if s := w.server.Stats(); s.Limited+s.Banned != 0 {
		t.Errorf("limits were exceeded: %+v", s)
	}
}

func TestANothingNewRerunAsksAtMostOncePerSeries(t *testing.T) {
	for _, via := range []Via{Auto, Archive, REST} {
		w := newWorld(t, exchange.TinyFacts(), tinyNow, exchange.Options{})
		o := Options{Coins: []string{"AAA", "BBB"}, Now: tinyNow, Via: via, Kinds: []string{data.KindFunding, data.KindSpot, data.KindPerp, data.KindMark, data.KindPremium}}
		s := w.open()
		w.crawl(s, o)
		before := dump(t, s)
		first := total(w.server.Stats())
		rep := w.crawl(s, o)
		if rep.Put != (data.PutReport{}) {
			t.Errorf("via %d: a rerun stored %+v", via, rep.Put)
		}
		differ(t, "rerun", dump(t, s), before)
		// Beside one per series: exchangeInfo twice, the archive's folders once each.
		if n := total(w.server.Stats()) - first; n > rep.Series+4 {
			t.Errorf("via %d: %d requests for %d series: %v", via, n, rep.Series, w.server.Stats().Requests)
		}
	}
}

func total(s exchange.Stats) int {
	n := 0
	for _, v := range s.Requests {
		n += v
	}
	return n
}
