package crawl

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"carry"
	"carry/data"
	"carry/internal/binance"
	"carry/internal/exchange"
	"carry/internal/testenv"
)

// rowsOf are the facts that no fault may falsify: bars with all their columns,
// settlements with slot and rate. Stamps, marks and intervals come from one
// source or the other.
func rowsOf(t testing.TB, s *data.Store) map[string]bool {
	rows := map[string]bool{}
	for line := range strings.Lines(dump(t, s, "kline", "funding ")) {
		f := strings.Fields(line)
		if f[0] == "funding" {
			line = strings.Join([]string{f[1], f[2], f[3], f[5]}, " ")
		}
		rows[line] = true
	}
	return rows
}

// outcome is what a fault may lead to.
type outcome int

const (
	complete  outcome = iota // everything is stored: a retry or REST made up for it
	told                     // something is missing, and the report says so
	unnoticed                // rows that the exchange itself withholds everywhere are not there
)

var faultKinds = []string{data.KindSpot, data.KindPerp, data.KindFunding}

// Every kind of fault on its schedule: nothing wrong is ever stored, what is
// missing is told, and the limits hold.
func TestFaults(t *testing.T) {
	var truths [3]map[string]bool
	for via := range truths {
		w := newWorld(t, exchange.TinyFacts(), tinyNow, exchange.Options{})
		s := w.open()
		w.crawl(s, Options{Coins: []string{"AAA"}, Now: tinyNow, Kinds: faultKinds, Via: Via(via)})
		truths[via] = rowsOf(t, s)
	}

	for _, c := range faultCases() {
		name := fmt.Sprintf("%s %s %s", c.rule.Kind, strings.Trim(c.rule.Path, "*"), c.via)
		t.Run(strings.ReplaceAll(name, "/", "_"), func(t *testing.T) {
			w := newWorld(t, exchange.TinyFacts(), tinyNow, exchange.Options{DripPause: time.Millisecond,
				Faults: exchange.Faults{Seed: 1, Rules: []exchange.FaultRule{c.rule}}})
			s := w.open()
			client := w.client(func(o *binance.Options) { o.Timeout, o.Attempts = time.Second/2, 8 })
			rep, err := w.try(s, client, Options{Coins: []string{"AAA"}, Now: tinyNow, Kinds: faultKinds, Via: c.via})
			if err != nil {
				t.Fatal(err)
			}
			got, truth := rowsOf(t, s), truths[c.via]
			missing := 0
			for line := range truth {
				if !got[line] {
					missing++
				}
			}
			for line := range got {
				if !truth[line] {
					t.Fatalf("a row that never was: %s", line)
				}
			}
			st := w.server.Stats()
			switch {
			case c.want == complete && (missing > 0 || !rep.Complete()):
				t.Errorf("%d rows missing; lacks %+v, problems %+v", missing, rep.Lacks, rep.Problems)
			case c.want == told && (missing == 0 || rep.Complete()):
				t.Errorf("%d rows missing, and the report is complete: %v", missing, rep.Complete())
			case c.want == unnoticed && missing == 0:
				t.Error("nothing is missing: did the fault hit?")
			}
			if st.Limited+st.Banned > 0 {
				t.Errorf("the limits were exceeded: %v", st.Statuses)
			}
			if st.Faults[c.rule.Kind] == 0 && !strings.HasPrefix(string(c.rule.Kind), "list") {
				t.Error("the fault never hit")
			}
		})
	}
}

// faultCase is a fault, the way that is taken, and what comes of it.
type faultCase struct {
	rule exchange.FaultRule
	via  Via
	want outcome
}

func faultCases() []faultCase {
	month := "*AAAUSDT-1h-2024-12.zip"
	rate := "*AAAUSDT-fundingRate-2024-12.zip"
	return []faultCase{
		{exchange.FaultRule{Kind: exchange.Fault429, Path: "*klines*", Nth: 2, Times: 2}, REST, complete},
		{exchange.FaultRule{Kind: exchange.Fault418, Path: "*klines*", Nth: 2, Times: 1}, REST, complete},
		{exchange.FaultRule{Kind: exchange.Fault500, Prob: 0.2}, Auto, complete},
		{exchange.FaultRule{Kind: exchange.Fault502, Prob: 0.2}, Auto, complete},
		{exchange.FaultRule{Kind: exchange.Fault503, Prob: 0.2}, Auto, complete},
		{exchange.FaultRule{Kind: exchange.Fault504, Prob: 0.2}, Auto, complete},
		{exchange.FaultRule{Kind: exchange.FaultHTML200, Prob: 0.1}, Auto, complete},
		{exchange.FaultRule{Kind: exchange.FaultHTML502, Prob: 0.2}, Auto, complete},
		{exchange.FaultRule{Kind: exchange.FaultJSON200, Path: "*/v*", Prob: 0.2}, REST, complete},
		{exchange.FaultRule{Kind: exchange.FaultEmptyBody, Prob: 0.2}, Auto, complete},
		{exchange.FaultRule{Kind: exchange.FaultHang, Path: "*klines*", Nth: 1, Times: 1}, Auto, complete},
		{exchange.FaultRule{Kind: exchange.FaultReset, Prob: 0.2}, Auto, complete},
		{exchange.FaultRule{Kind: exchange.FaultRedirect, Nth: 3, Times: 2}, Auto, complete},
		{exchange.FaultRule{Kind: exchange.FaultEmptyPage, Path: "*klines*", Nth: 2, Times: 2}, REST, complete},
		{exchange.FaultRule{Kind: exchange.FaultEmptyPage, Path: "*fundingRate*", Times: 1}, REST, complete},
		{exchange.FaultRule{Kind: exchange.FaultTruncated, Prob: 0.2}, Auto, complete},
		{exchange.FaultRule{Kind: exchange.FaultDrip, Prob: 0.1}, Auto, complete},
		{exchange.FaultRule{Kind: exchange.FaultCutLocal, Path: month}, Auto, complete},
		{exchange.FaultRule{Kind: exchange.FaultCutName, Path: month}, Auto, complete},
		{exchange.FaultRule{Kind: exchange.FaultCutData, Path: month}, Auto, complete},
		{exchange.FaultRule{Kind: exchange.FaultCutDescriptor, Path: month}, Auto, complete},
		{exchange.FaultRule{Kind: exchange.FaultCutCentral, Path: month}, Auto, complete},
		{exchange.FaultRule{Kind: exchange.FaultCutEnd, Path: month}, Auto, complete},
		{exchange.FaultRule{Kind: exchange.FaultCutData, Path: month, Published: true}, Auto, complete},
		{exchange.FaultRule{Kind: exchange.FaultCutCentral, Path: month, Published: true}, Archive, complete},
		{exchange.FaultRule{Kind: exchange.FaultCutEnd, Path: rate, Published: true}, Auto, complete},
		{exchange.FaultRule{Kind: exchange.FaultWrongChecksum, Path: month + ".CHECKSUM"}, Auto, complete},
		{exchange.FaultRule{Kind: exchange.FaultWrongChecksum, Path: rate + ".CHECKSUM"}, Archive, told},
		{exchange.FaultRule{Kind: exchange.FaultMissingChecksum, Path: month + ".CHECKSUM"}, Auto, complete},
		{exchange.FaultRule{Kind: exchange.FaultWrongContent, Path: month}, Auto, complete},
		{exchange.FaultRule{Kind: exchange.FaultMissingDays, Path: month}, Auto, complete},
		{exchange.FaultRule{Kind: exchange.FaultMissingDays, Path: month}, Archive, complete},
		{exchange.FaultRule{Kind: exchange.FaultMissingDays, Path: rate}, Auto, complete},
		{exchange.FaultRule{Kind: exchange.FaultMissingDays, Path: "*klines*"}, REST, unnoticed},
		{exchange.FaultRule{Kind: exchange.FaultDuplicateRows, Path: month}, Archive, complete},
		{exchange.FaultRule{Kind: exchange.FaultDuplicateRows, Path: rate}, Archive, complete},
		{exchange.FaultRule{Kind: exchange.FaultDuplicateRows, Path: "*klines*"}, REST, told},
		{exchange.FaultRule{Kind: exchange.FaultReorderedRows, Path: month}, Archive, complete},
		{exchange.FaultRule{Kind: exchange.FaultReorderedRows, Path: "*klines*"}, REST, told},
		{exchange.FaultRule{Kind: exchange.FaultNaNCell, Path: month}, Auto, complete},
		{exchange.FaultRule{Kind: exchange.FaultEmptyCell, Path: month}, Auto, complete},
		{exchange.FaultRule{Kind: exchange.FaultEmptyCell, Path: "*klines*"}, REST, told},
		{exchange.FaultRule{Kind: exchange.FaultFundingJitter}, Auto, complete},
		{exchange.FaultRule{Kind: exchange.FaultHeaderFlipped}, Archive, complete},
		{exchange.FaultRule{Kind: exchange.FaultHeaderRepeated, Path: month}, Auto, complete},
		{exchange.FaultRule{Kind: exchange.FaultMicrosFlipped}, Archive, complete},
		{exchange.FaultRule{Kind: exchange.FaultMicrosMixed}, Archive, complete},
		{exchange.FaultRule{Kind: exchange.FaultZipBomb, Path: month}, Auto, complete},
		{exchange.FaultRule{Kind: exchange.FaultPathParent, Path: month}, Auto, complete},
		{exchange.FaultRule{Kind: exchange.FaultPathAbsolute, Path: month}, Auto, complete},
		{exchange.FaultRule{Kind: exchange.FaultPathBackslash, Path: month}, Auto, complete},
		{exchange.FaultRule{Kind: exchange.FaultTwoEntries, Path: month}, Auto, complete},
		{exchange.FaultRule{Kind: exchange.FaultSymlink, Path: month}, Auto, complete},
		{exchange.FaultRule{Kind: exchange.FaultListRepeated}, Auto, complete},
		{exchange.FaultRule{Kind: exchange.FaultListNoMarker}, Auto, complete},
	}
}

// Every kind of fault that the server can play is tried here or in a test of its
// own, and stands in docs/FAULTS.md; the tests that are named there exist.
func TestTheListOfFaultsIsComplete(t *testing.T) {
	root := testenv.Root(t)
	page, err := os.ReadFile(filepath.Join(root, "docs", "FAULTS.md"))
	if err != nil {
		t.Fatal(err)
	}
	tests := ""
	for _, dir := range []string{"internal/crawl", "cmd/crawl", "internal/exchange", "internal/lab"} {
		files, err := filepath.Glob(filepath.Join(root, dir, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			tests += string(text)
		}
	}
	tried := map[exchange.FaultKind]bool{exchange.FaultRepublished: true, exchange.FaultIntervalChange: true, exchange.FaultTickerReuse: true}
	for _, c := range faultCases() {
		tried[c.rule.Kind] = true
	}
	for _, k := range exchange.FaultKinds() {
		if !tried[k] {
			t.Errorf("%s is never tried", k)
		}
		if !strings.Contains(string(page), "`"+string(k)+"`") {
			t.Errorf("docs/FAULTS.md does not tell of %s", k)
		}
	}
	for _, name := range regexp.MustCompile(`Test[A-Z]\w+`).FindAllString(string(page), -1) {
		if !strings.Contains(tests, "func "+name+"(") {
			t.Errorf("docs/FAULTS.md names %s, which does not exist", name)
		}
	}
	t.Logf("%d kinds of faults of the server in %d cases", len(exchange.FaultKinds()), len(faultCases()))
}

// A file that was published again is noticed by its listing, and its values
// replace those of the first edition.
func TestARepublishedFileIsNoticed(t *testing.T) {
	fixed := tinyNow + carry.Day
	w := newWorld(t, exchange.TinyFacts(), tinyNow, exchange.Options{Faults: exchange.Faults{Rules: []exchange.FaultRule{
		{Kind: exchange.FaultRepublished, Path: "*futures*klines*AAAUSDT-1h-2024-12.zip", At: fixed}}}})
	s := w.open()
	o := Options{Coins: []string{"AAA"}, Kinds: []string{data.KindPerp}, Via: Archive, To: tinyNow}
	w.crawl(s, o)
	wrong := dump(t, s, "kline")
	w.clock.now = fixed + carry.Hour
	rep := w.crawl(s, o)
	if rep.Put.Replaced == 0 || rep.Files != 1 {
		t.Errorf("%+v", rep)
	}
	truth := newWorld(t, exchange.TinyFacts(), fixed+carry.Hour, exchange.Options{})
	ts := truth.open()
	truth.crawl(ts, o)
	differ(t, "after the second edition", dump(t, s, "kline"), dump(t, ts, "kline"))
	if wrong == dump(t, ts, "kline") {
		t.Error("the first edition did not differ")
	}
}

// A settlement interval that changes is what the rows say it is.
func TestAnIntervalChangeKeepsEverySettlement(t *testing.T) {
	at := carry.Time(1736899200000) // 2025-01-15
	w := newWorld(t, exchange.TinyFacts(), tinyNow, exchange.Options{Faults: exchange.Faults{Rules: []exchange.FaultRule{
		{Kind: exchange.FaultIntervalChange, At: at}}}})
	s := w.open()
	rep := w.crawl(s, Options{Coins: []string{"AAA"}, Now: tinyNow, Kinds: []string{data.KindFunding}})
	if !rep.Complete() {
		t.Errorf("%+v", rep)
	}
	if gaps := dump(t, s, "gap"); gaps != "" {
		t.Error(gaps)
	}
}

// A ticker that was given to another coin is two series: the old contract's
// rows end where its files do, and REST is asked for the new one only. A store
// that was filled before anybody knew is sorted out.
func TestAReusedTickerIsTwoSeries(t *testing.T) {
	var dumps []string
	for _, before := range []bool{false, true} {
		w := newWorld(t, exchange.TinyFacts(), tinyNow, exchange.Options{})
		s := w.open()
		o := Options{Coins: []string{"BBB"}, Now: tinyNow, Kinds: faultKinds}
		if before {
			o.Via = Archive // which does not tell when a contract was listed
			w.crawl(s, o)
			o.Via = Auto
		}
		rep := w.crawl(s, o)
		if !rep.Complete() {
			t.Errorf("%+v %+v", rep.Lacks, rep.Problems)
		}
		list, err := s.Instruments(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var coins []string
		for _, i := range list {
			coins = append(coins, i.Coin+"="+i.SpotSymbol+"+"+i.PerpSymbol)
		}
		if got := strings.Join(coins, " "); got != "BBB=BBBUSDT+BBBUSDT BBB~2022-08-01=BBBUSDT~2022-08-01+BBBUSDT~2022-08-01" {
			t.Error(got)
		}
		dumps = append(dumps, dump(t, s, "kline", "funding ", "gap"))
	}
	differ(t, "sorted out later", dumps[1], dumps[0])
}

// Archives go on after a contract was settled, at a price that nobody traded.
// Whether the ticker was given to another coin since, the exchange still names
// the contract as settled, or nobody names it, those rows are not kept.
func TestRowsAfterTheDeliveryAreCut(t *testing.T) {
	const settled = carry.Time(1657011600000) // BBB, 2022-07-05 09:00
	for _, name := range []string{"given to another coin", "found out later", "named as settled", "gone", "archives alone"} {
		t.Run(name, func(t *testing.T) {
			facts := exchange.TinyFacts()
			o := Options{Coins: []string{"BBB"}, Now: tinyNow, Kinds: []string{data.KindPerp, data.KindMark}}
			server := exchange.Options{Faults: exchange.Faults{Rules: []exchange.FaultRule{{Kind: exchange.FaultTickerReuse}}}}
			life := "BBBUSDT~2022-07-05"
			if name != "given to another coin" && name != "found out later" {
				oneLife(facts, settled)
				life = "BBBUSDT"
			}
			w := newWorld(t, facts, tinyNow, server)
			s := w.open()
			switch name {
			case "gone":
				o.To = settled + 20*carry.Day
				w.transport = forgetful{symbol: "BBBUSDT"}
			case "archives alone", "found out later":
				o.Via = Archive
			}
			w.crawl(s, o)
			if name == "found out later" {
				o.Via = Auto
				w.crawl(s, o)
			}
			if w.server.Stats().Faults[exchange.FaultTickerReuse] == 0 {
				t.Fatal("the fault never hit")
			}
			last := map[string]carry.Time{}
			for line := range strings.Lines(dump(t, s, "kline perp BBBUSDT", "kline mark BBBUSDT")) {
				var kind, symbol string
				var step, at carry.Time
				fmt.Sscanf(line, "kline %s %s %d %d", &kind, &symbol, &step, &at)
				if symbol == life {
					last[kind] = max(last[kind], at)
				}
				if strings.Contains(line, " 0.0001 0.0001 0.0001 0.0001 ") {
					t.Fatal("a row that nobody traded:", line)
				}
			}
			if last["perp"] != settled-carry.Hour || last["mark"] != settled-carry.Hour {
				t.Errorf("it ends at %v, settled %s; %s", last, settled, dump(t, s, "life perp BBB"))
			}
		})
	}
}

// oneLife takes the second life of BBB away.
func oneLife(f *exchange.MemoryFacts, end carry.Time) {
	for m := range f.Listed {
		f.Listed[m] = slices.DeleteFunc(f.Listed[m], func(s exchange.Symbol) bool { return s.Onboard > end })
	}
	for key, rows := range f.Rows {
		if key.Symbol == "BBBUSDT" {
			f.Rows[key] = slices.DeleteFunc(rows, func(k exchange.Kline) bool { return k.At >= end })
		}
	}
	f.Settled["BBBUSDT"] = slices.DeleteFunc(f.Settled["BBBUSDT"], func(p exchange.Funding) bool { return p.At >= end })
}

// The network goes away in the middle, and comes back for the next run.
func TestADroppedNetworkLosesNothing(t *testing.T) {
	w := newWorld(t, exchange.TinyFacts(), tinyNow, exchange.Options{})
	o := Options{Coins: []string{"AAA"}, Now: tinyNow, Kinds: faultKinds}
	want := func() string {
		s := w.open()
		w.crawl(s, o)
		return dump(t, s, "kline", "funding ", "gap")
	}()
	for _, n := range []int{0, 1, 5, 12, 30} {
		w.path = filepath.Join(t.TempDir(), "carry.db")
		s := w.open()
		cut := w.client(func(o *binance.Options) { o.Transport, o.Attempts = &cuttingTransport{left: n}, 2 })
		rep, err := w.try(s, cut, o)
		if err == nil && rep.Complete() {
			t.Errorf("cut after %d requests, and nobody noticed", n)
		}
		if err != nil && !errors.Is(err, binance.ErrUnreachable) {
			t.Errorf("cut after %d: %v", n, err)
		}
		w.crawl(s, o)
		differ(t, fmt.Sprintf("cut after %d requests", n), dump(t, s, "kline", "funding ", "gap"), want)
	}
}

// A second crawl on the same file is refused, or waits; a lock dies with its
// process.
func TestTwoCrawlsDoNotShareAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "carry.db")
	lock, err := data.LockCrawl(t.Context(), path, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := data.LockCrawl(t.Context(), path, false); !errors.Is(err, data.ErrLocked) || !strings.Contains(err.Error(), fmt.Sprint(os.Getpid())) {
		t.Errorf("a second lock: %v", err)
	}
	time.AfterFunc(50*time.Millisecond, func() { lock.Release() })
	again, err := data.LockCrawl(t.Context(), path, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Release(); err != nil {
		t.Fatal(err)
	}
}
