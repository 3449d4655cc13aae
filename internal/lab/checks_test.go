package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"carry"
	"carry/data"
	"carry/internal/binance"
	"carry/internal/exchange"
)

const sentinelKey, sentinelSecret = "SENTINELKEY0123456789", "SENTINELSECRET0123456789"

// checkedAccount is a loopback exchange whose key and account can be set up in any
// way while it runs.
type checkedAccount struct {
	may   exchange.Permissions
	setup exchange.Setup
	o     ChecksOptions
	spec  *Spec
}

func newCheckedAccount(t *testing.T) *checkedAccount {
	t.Helper()
	a := &checkedAccount{may: exchange.DefaultPermissions(), spec: paperSpec(t, 3, map[string]string{})}
	past, from, err := a.spec.open()
	if err != nil {
		t.Fatal(err)
	}
	facts, err := exchange.NewMarketFacts(past)
	if err != nil {
		t.Fatal(err)
	}
	tape, _, err := a.spec.open()
	if err != nil {
		t.Fatal(err)
	}
	trading, err := exchange.NewTrading(context.Background(), facts, tape, exchange.TradingOptions{Quotes: a.spec.Models.quotes(),
		Account: a.spec.Models.options(a.spec.Settings, 1), From: from, Permissions: &a.may, Setup: &a.setup})
	if err != nil {
		t.Fatal(err)
	}
	server, err := exchange.New(facts, exchange.Options{Trading: trading, Keys: map[string]string{sentinelKey: sentinelSecret}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	u := server.URLs().All
	ws := "ws" + u[len("http"):]
	a.o = ChecksOptions{URLs: binance.URLs{Spot: u, Futures: u}, Streams: binance.LiveURLs{Spot: ws, SpotAPI: ws, Futures: ws}, Speed: 1,
		Keys: testKeys(t, sentinelKey, sentinelSecret), Proofs: filepath.Join(t.TempDir(), "proofs.jsonl"), Log: func(string) {}}
	return a
}

func testKeys(t *testing.T, key, secret string) *binance.Keys {
	t.Helper()
	k, err := binance.LoadKeys("", func(name string) string {
		return map[string]string{binance.EnvKey: key, binance.EnvSecret: secret}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// find runs the checks and returns what is said of some of them.
func (a *checkedAccount) find(t *testing.T) map[string]binance.Finding {
	t.Helper()
	out, err := RunChecks(context.Background(), a.spec, a.o)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(out)
	if err != nil || strings.Contains(string(text), "SENTINEL") {
		t.Fatalf("%v: the keys show in %s", err, text)
	}
	found, open := map[string]binance.Finding{}, 0
	for _, f := range out.List {
		found[f.What] = f
		if !f.OK {
			open++
		}
	}
	if open != out.Open {
		t.Errorf("%d checks are open, and %d are said to be", open, out.Open)
	}
	return found
}

// TestChecksOfAnAccount: every check of key and account fails by its own fault and
// by no other's.
func TestChecksOfAnAccount(t *testing.T) {
	a := newCheckedAccount(t)
	account := []string{"endpoints", "clock", "key", "one-way mode", "single-asset mode", "margin mode", "rules and leverage"}
	good, keys := a.o, a.o.Keys
	for _, e := range []struct {
		name, open string
		change     func()
	}{
		{"as it should be", "", func() {}},
		{"no keys", "key", func() { a.o.Keys = nil }},
		{"a key that is not known", "key,one-way mode,single-asset mode,margin mode,rules and leverage", func() { a.o.Keys = testKeys(t, "SENTINELOTHER", sentinelSecret) }},
		{"a wrong secret", "key,one-way mode,single-asset mode,margin mode,rules and leverage", func() { a.o.Keys = testKeys(t, sentinelKey, "SENTINELOTHER") }},
		{"withdrawals", "key", func() { a.may.Withdrawals = true }},
		{"hedge mode", "one-way mode", func() { a.setup.Hedge = true }},
		{"multi-assets mode", "single-asset mode", func() { a.setup.MultiAssets = true }},
		{"isolated margin", "margin mode", func() { a.setup.Isolated = true }},
		{"a leverage that nobody allows", "rules and leverage", func() {
			a.spec.Settings.Hedge().ExchangeLeverageX, a.spec.Settings.Hedge().LeverageEmergencyX = 125, 124
		}},
		{"no streams", "endpoints", func() { a.o.Streams.Futures = "ws://127.0.0.1:1" }},
	} {
		a.o, a.may, a.setup, a.spec = good, exchange.DefaultPermissions(), exchange.Setup{}, paperSpec(t, 3, map[string]string{})
		a.o.Keys = keys
		e.change()
		found := a.find(t)
		var open []string
		for _, what := range account {
			f, told := found[what]
			if told && !f.OK {
				open = append(open, what)
			}
			if !told && a.o.Keys != nil {
				t.Errorf("%s: nothing is said of %s", e.name, what)
			}
			if f.Detail == "" && told {
				t.Errorf("%s: %s has no words", e.name, what)
			}
		}
		if got := strings.Join(open, ","); got != e.open {
			t.Errorf("%s: open are %q, want %q: %v", e.name, got, e.open, found)
		}
	}
}

// TestChecksOfEveryKey: of all 256 combinations of a key's permissions, as the
// exchange tells them, the checks let exactly one pass.
func TestChecksOfEveryKey(t *testing.T) {
	a := newCheckedAccount(t)
	c, err := exchangeClient(context.Background(), binance.Options{URLs: a.o.URLs, Keys: a.o.Keys}, 1)
	if err != nil {
		t.Fatal(err)
	}
	passed := 0
	for bits := range 256 {
		on := func(k int) bool { return bits>>k&1 == 1 }
		a.may = exchange.Permissions{IPRestrict: on(0), Reading: on(1), SpotAndMargin: on(2), Futures: on(3), UniversalTransfer: on(4),
			Withdrawals: on(5), InternalTransfer: on(6), Margin: on(7)}
		problem, err := c.KeyProblem(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if problem == "" {
			passed++
		}
		if want := bits == 0b00011111; (problem == "") != want {
			t.Errorf("%+v: %q", a.may, problem)
		}
	}
	if passed != 1 {
		t.Errorf("%d of 256 keys passed", passed)
	}
}

// TestProofsShowWhoWroteThem: a line that is changed, left out, written by hand or
// half written is found, and the program's own are read back.
func TestProofsShowWhoWroteThem(t *testing.T) {
	path := filepath.Join(t.TempDir(), "proofs.jsonl")
	for k, gate := range []string{GateRehearsal, GateKill, GateAlarm} {
		if err := AddProof(path, gate, fmt.Sprint("number ", k)); err != nil {
			t.Fatal(err)
		}
	}
	have, err := ReadProofs(path)
	if err != nil || len(have) != 3 || have[1].Gate != GateKill {
		t.Fatal(have, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others may read the proofs: %v, %v", info.Mode(), err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(text), "\n")
	for name, changed := range map[string]string{
		"changed":     strings.Replace(string(text), "number 1", "number 7", 1),
		"left out":    lines[0] + lines[2],
		"exchanged":   lines[1] + lines[0] + lines[2],
		"by hand":     string(text) + `{"at_ms":1,"gate":"report","detail":"I did","program":"x"}` + "\n",
		"half":        string(text[:len(text)-9]),
		"no proof":    string(text) + "hello\n",
		"first again": string(text) + lines[0],
	} {
		if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadProofs(path); !errors.Is(err, ErrProofs) {
			t.Errorf("%s: %v", name, err)
		}
		if err := AddProof(path, GateReport, ""); !errors.Is(err, ErrProofs) {
			t.Errorf("%s was gone on with: %v", name, err)
		}
	}
	if none, err := ReadProofs(filepath.Join(t.TempDir(), "none")); none != nil || err != nil {
		t.Errorf("%v, %v", none, err)
	}
}

// TestWitnessProvesWhatWasTried: the kill switch and an alarm that arrived are
// proven by the session's events, once each; an alarm that did not arrive is not.
func TestWitnessProvesWhatWasTried(t *testing.T) {
	w := &Witness{Path: filepath.Join(t.TempDir(), "proofs.jsonl")}
	tell := func(codes ...carry.Code) {
		for _, c := range codes {
			if err := w.Event(&carry.Event{Kind: carry.EvOperator, At: carry.Day, Code: c}); err != nil {
				t.Fatal(err)
			}
		}
	}
	tell(carry.CodePause, carry.CodeAlarmTest, carry.CodeAlarmLost, carry.CodeResume)
	if have, err := ReadProofs(w.Path); err != nil || len(have) != 0 {
		t.Errorf("%v, %v", have, err)
	}
	tell(carry.CodeKill, carry.CodeAlarmSent, carry.CodeKill, carry.CodeAlarmSent)
	have, err := ReadProofs(w.Path)
	if err != nil || len(have) != 2 || have[0].Gate != GateKill || have[1].Gate != GateAlarm {
		t.Errorf("%v, %v", have, err)
	}
}

// idleJournal writes the journal of a paper session that did nothing on some hours
// of each of some days.
func idleJournal(t *testing.T, path, exchange string, days, hours int) {
	t.Helper()
	pairs := []carry.Pair{{Coin: "A", SpotSymbol: "AUSDT", PerpSymbol: "AUSDT", Mult: 1, QtyDp: 2}}
	start := 20_000 * carry.Day
	j, err := data.CreateJournal(context.Background(), path, &data.Session{Program: "test", Strategy: "null", Preset: "default", Params: map[string]string{},
		Run: paperRun, From: start, Source: "paper: live prices of " + exchange, Pairs: pairs})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	f := []float64{1}
	m := &carry.Market{Pairs: pairs, SpotLast: f, PerpLast: f, Mark: f, SpotValue: f, PerpValue: f, SpotDay: f, PerpDay: f, IntervalH: f,
		Predicted: []carry.PredictedRate{0}, Flags: []carry.Flags{0}, Quotes: flat{}}
	seq := uint64(0)
	tell := func(ev carry.Event) {
		seq++
		ev.Seq, ev.Pair = seq, -1
		if err := j.Event(&ev); err != nil {
			t.Fatal(err)
		}
	}
	tell(carry.Event{Kind: carry.EvSnapshot, At: start, Balance: carry.Unit})
	for d := range days {
		for h := range hours {
			m.At = start + carry.Time(d)*carry.Day + carry.Time(h)*carry.Hour
			tell(carry.Event{Kind: carry.EvMarket, At: m.At, Market: m})
			m.Within = true
			tell(carry.Event{Kind: carry.EvMarket, At: m.At + carry.Minute, Market: m})
			m.Within = false
		}
	}
}

// flat quotes are one everywhere.
type flat struct{}

// Bid implements carry.Quotes.
func (flat) Bid(carry.Leg, int) float64 { return 1 }

// Ask implements carry.Quotes.
func (flat) Ask(carry.Leg, int) float64 { return 1 }

// TestPaperDaysAreCounted: thirty days of at least twenty hours, at this exchange,
// in journals that replay; no hour counts twice.
func TestPaperDaysAreCounted(t *testing.T) {
	dir := t.TempDir()
	const here = "http://127.0.0.1:1"
	at := func(name string) string { return filepath.Join(dir, name) }
	idleJournal(t, at("enough"), here, 30, 20)
	idleJournal(t, at("short"), here, 29, 24)
	idleJournal(t, at("thin"), here, 30, 19)
	idleJournal(t, at("half"), here, 30, 10)
	idleJournal(t, at("elsewhere"), "https://elsewhere", 30, 20)
	if err := os.WriteFile(at("junk"), []byte("no journal"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, e := range []struct {
		files string
		ok    bool
	}{{"enough", true}, {"short", false}, {"thin", false}, {"half half", false}, {"elsewhere", false}, {"", false}, {"none", false},
		{"enough none", true}, {"short enough", true}, {"enough junk", false}} {
		o := &ChecksOptions{URLs: binance.URLs{Futures: here}}
		for _, f := range strings.Fields(e.files) {
			o.PaperJournals = append(o.PaperJournals, at(f))
		}
		if f := paperFinding(context.Background(), o); f.OK != e.ok {
			t.Errorf("%q: %+v", e.files, f)
		}
	}
}
