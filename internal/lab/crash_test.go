package lab

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"carry"
	"carry/internal/exchange"
	"carry/internal/testenv"
)

// crashMode is where in the writing of a record the client dies.
type crashMode int

const (
	crashBefore crashMode = iota // the record is not there
	crashTorn                    // it is there in part
	crashAfter                   // it is durable, and nothing followed from it
	crashModes
)

var errCrash = errors.New("the client dies")

// crasher lets the client die at a record of its journal.
type crasher struct {
	witness
	rig  *crashRig
	file carry.Journal
	path string
	left int // records until then; negative: it lives
	mode crashMode
	// early: what fills the windows before the start counts, too.
	early bool
	kind  string // what died
}

func (c *crasher) Event(ev *carry.Event) error {
	if warm := ev.Kind == carry.EvRates && c.market.WarmUp || ev.Kind == carry.EvMarket && ev.Market.WarmUp; warm && !c.early {
		return errors.Join(c.witness.Event(ev), c.file.Event(ev))
	}
	return c.write(ev.Kind.String(), func() error {
		err := errors.Join(c.witness.Event(ev), c.file.Event(ev))
		c.rig.weigh(ev.At, c.gaps())
		return err
	})
}

func (c *crasher) Command(at carry.Time, cmd *carry.Command) error {
	return c.write("command "+cmd.Kind.String(), func() error { return c.file.Command(at, cmd) })
}

func (c *crasher) write(what string, do func() error) error {
	if c.left--; c.left != -1 {
		return do()
	}
	c.kind = what
	switch c.mode {
	case crashTorn:
		// While records of the past wait to be durable together there is none to
		// tear.
		if err := tear(c.path); err != nil && !strings.Contains(err.Error(), "locked") {
			return err
		}
	case crashAfter:
		if err := do(); err != nil {
			return err
		}
	}
	return errCrash
}

// tear puts half a record at a journal's end.
func tear(path string) error {
	db, err := sql.Open(sql.Drivers()[0], "file:"+path+"?_busy_timeout=1") // the one that package data registers
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Exec(`INSERT INTO record (seq, kind, at_ms, what, body, chain)
		SELECT seq + 1, kind, at_ms, what, substr(body, 1, length(body) / 2), chain FROM record ORDER BY seq DESC LIMIT 1`)
	return err
}

// crashRig is an exchange that lives on while clients die.
type crashRig struct {
	t    *testing.T
	spec *Spec
	pg   *playground
	path string
	lost int // clients that died
	wire *exchange.Pipes
	// forgets: records are lost after they were acted on.
	forgets bool
	// uneven is since when a pair's legs have differed by more than can be traded, 0:
	// they do not; longest is how long that has lasted, market time.
	uneven  map[int]carry.Time
	longest carry.Time
}

// weigh looks how long legs stay apart, whoever dies meanwhile.
func (r *crashRig) weigh(at carry.Time, gaps []float64) {
	for i, gap := range gaps {
		since := r.uneven[i]
		switch {
		case gap > 1 && since == 0:
			r.uneven[i] = at
		case since != 0:
			r.longest = max(r.longest, at-since)
			if !(gap > 1) {
				r.uneven[i] = 0
			}
		}
	}
}

func newCrashRig(t *testing.T, spec *Spec, faults exchange.TradeFaults) *crashRig {
	t.Helper()
	// Time stands still while nobody steps, so a minute's limits would bound the
	// starts there can be.
	wire := exchange.NewPipes()
	pg, err := spec.loopback(context.Background(), exchange.TradingOptions{Faults: faults}, exchange.Options{Limits: exchange.Limits{Off: true}, Pipes: wire})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pg.Close)
	return &crashRig{t: t, spec: spec, pg: pg, path: filepath.Join(t.TempDir(), "journal.db"), uneven: map[int]carry.Time{}, wire: wire}
}

// live runs a client until it dies or the market ends.
func (r *crashRig) live(c *crasher) (*Rehearsed, error) {
	c.path, c.rig = r.path, r
	got, err := r.spec.rehearseOn(context.Background(), r.pg, RehearseOptions{JournalFile: r.path, Stage: Stage{Pipes: r.wire}, lost: r.forgets, Log: func(string) {},
		wrap: func(j carry.Journal) carry.Journal { c.file = j; return c }})
	if errors.Is(err, errCrash) {
		r.lost++
		return nil, nil
	}
	return got, err
}

// check demands what must hold after any number of crashes: rehearseOn compared
// both books with the exchange's accounts already.
func (r *crashRig) check(got *Rehearsed, c *crasher) {
	t := r.t
	t.Helper()
	if got.Result.Residual != "0.0000000000000000" {
		t.Errorf("residual %s", got.Result.Residual)
	}
	for i, gap := range c.gaps() {
		if gap > 1 {
			t.Errorf("pair %d ends with legs worth %.2f USDT apart, beyond what can be traded", i, gap)
		}
	}
	sums, err := auditJournal(context.Background(), r.path, r.pg.trading.Orders(), false)
	if err != nil {
		t.Fatal(err)
	}
	if sums.Trades == 0 || sums.Orders == 0 {
		t.Errorf("%d orders and %d trades", sums.Orders, sums.Trades)
	}
	again, err := Replay(context.Background(), r.path)
	if err != nil {
		t.Error(err)
	} else if again.Unsaid != 0 || again.Commands != len(got.Said) {
		t.Errorf("the replay has %d commands and %d unsaid, the run %d", again.Commands, again.Unsaid, len(got.Said))
	}
}

// crashSpec is a short run on a lively market.
func crashSpec(t *testing.T, hours carry.Time) *Spec {
	t.Helper()
	o := smallMarket(21, 5, 2)
	spec := setUp(t, "funding", nil, eager...)
	spec.From = o.From + 45*carry.Day
	o.To = spec.From + hours*carry.Hour
	spec.Open = anew(t, o)
	spec.Seed = 7
	return spec
}

// someOfEach are faults of these kinds that end before the market does.
func someOfEach(kinds ...exchange.TradeFaultKind) (rules []exchange.TradeFaultRule) {
	for _, k := range kinds {
		rules = append(rules, exchange.TradeFaultRule{Kind: k, Prob: 0.05, Times: 6})
	}
	return rules
}

// The client dies again and again, at records drawn by chance, and comes back
// from its journal while the exchange lives on: it ends hedged, both books equal,
// with every fill told once and no command carried out twice. The same while the
// exchange misbehaves.
func TestCrashesAnywhere(t *testing.T) {
	every, hours := 60, carry.Time(16)
	if testenv.LongWanted() {
		every, hours = 12, 48
	}
	for _, f := range []struct {
		name  string
		rules []exchange.TradeFaultRule
	}{
		{"no faults", nil},
		{"faults", someOfEach(exchange.OrderLost, exchange.OrderAnswerLost, exchange.OrderUnknown, exchange.OrderBusy, exchange.OrderTimeout, exchange.OrderTimeoutLost,
			exchange.OrderHidden, exchange.OrderEmpty, exchange.OrderPage, exchange.OrderClock, exchange.TransferLost, exchange.TransferAnswerLost, exchange.EventTwice)},
	} {
		t.Run(f.name, func(t *testing.T) {
			rig := newCrashRig(t, crashSpec(t, hours), exchange.TradeFaults{Seed: 5, Rules: f.rules})
			chance := rand.New(rand.NewPCG(11, 0))
			died := map[string]int{}
			began := time.Now()
			for {
				c := &crasher{early: rig.lost == 0, left: 1 + chance.IntN(2*every), mode: crashMode(chance.IntN(int(crashModes)))}
				got, err := rig.live(c)
				if err != nil {
					t.Fatalf("after %d crashes: %v", rig.lost, err)
				}
				if got != nil {
					rig.check(got, c)
					t.Logf("figure: %d crashes over %d instants (%d orders, %d fills): recovered each time, hedged, nothing lost, nothing twice; legs apart for %v at most; %v a start; at %v",
						rig.lost, got.Result.Counts.Instants, got.Result.Counts.Orders, got.Result.Counts.Fills, time.Duration(rig.longest)*time.Millisecond, (time.Since(began) / time.Duration(rig.lost+1)).Round(time.Millisecond), died)
					break
				}
				died[c.kind]++
			}
			if rig.lost < 5 {
				t.Errorf("only %d crashes", rig.lost)
			}
		})
	}
}

// At every record of a session's journal, and before, in the midst of or after its
// writing, the client dies once; what comes back lives to the end.
func TestACrashAtEveryRecord(t *testing.T) {
	every, hours := 37, carry.Time(6)
	if testenv.LongWanted() {
		every = 1
	}
	died, crashes, slowest := map[string]int{}, 0, carry.Time(0)
	for at, k := 0, 0; ; at, k = at+every, k+1 {
		ended := false
		for mode := range crashModes {
			if every > 1 && mode != crashMode(k%int(crashModes)) {
				continue
			}
			rig := newCrashRig(t, crashSpec(t, hours), exchange.TradeFaults{})
			c := &crasher{left: at, mode: mode}
			got, err := rig.live(c)
			what := c.kind
			if ended = got != nil; err == nil && !ended {
				died[c.kind]++
				crashes++
				c = &crasher{left: -1}
				got, err = rig.live(c)
			}
			if err != nil {
				t.Fatalf("record %d (%s), mode %d: %v", at, c.kind, mode, err)
			}
			rig.check(got, c)
			if slowest = max(slowest, rig.longest); rig.longest > 3*carry.Minute {
				t.Errorf("record %d (%s), mode %d: legs apart for %v", at, what, mode, time.Duration(rig.longest)*time.Millisecond)
			}
			rig.pg.Close()
		}
		if ended {
			break
		}
	}
	if crashes < 5 {
		t.Errorf("only %d crashes", crashes)
	}
	t.Logf("figure: %d crashes, one a session, at records of kinds %v: recovered each time, hedged, nothing lost, nothing twice; legs apart for %v at most",
		crashes, died, time.Duration(slowest)*time.Millisecond)
}

// A disk that lies: the last records, acknowledged and acted upon, are gone after
// the crash, the last start among them. What they led to is found at the exchange,
// as this run's where the core says the same again, else as somebody else's; books
// and exchange are equal, no name is used twice, and every trade is told once.
func TestALostEndOfTheJournal(t *testing.T) {
	times := 4
	if testenv.LongWanted() {
		times = 80
	}
	chance := rand.New(rand.NewPCG(8, 8))
	ours, others := 0, 0
	for n := range times {
		rig := newCrashRig(t, crashSpec(t, 9), exchange.TradeFaults{})
		rig.forgets = true
		var got *Rehearsed
		for life := 0; got == nil; life++ {
			c, gone := &crasher{left: 15 + chance.IntN(25), mode: crashAfter}, 1+chance.IntN(12)
			switch {
			case life == 3:
				c.left = -1
			case n == 0 && life == 0:
				c.left, gone = 22, 18 // the first trades there ever were
			}
			var err error
			if got, err = rig.live(c); err != nil {
				t.Fatalf("%d: %v", n, err)
			}
			if got == nil {
				if err := lose(rig.path, gone); err != nil {
					t.Fatal(err)
				}
			}
		}
		if got.Result.Residual != "0.0000000000000000" {
			t.Errorf("%d: residual %s", n, got.Result.Residual)
		}
		for _, o := range rig.pg.trading.Orders() {
			if _, known := got.Audit.known[o.Client]; known {
				ours++
			} else {
				others++
			}
		}
		if _, err := Replay(context.Background(), rig.path); err != nil {
			t.Error(err)
		}
		rig.pg.Close()
	}
	if ours == 0 || others == 0 {
		t.Errorf("%d orders of ours and %d forgotten ones", ours, others)
	}
	t.Logf("figure: %d times up to three lost ends of up to 12 records: books equal, every trade told once; %d orders known, %d told as somebody else's", times, ours, others)
}

// lose takes the last records of a journal away.
func lose(path string, n int) error {
	db, err := sql.Open(sql.Drivers()[0], path)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Exec(`DELETE FROM record WHERE seq > (SELECT max(seq) FROM record) - ?`, n)
	return err
}

// One leg of an opening was sent, the session died before the other: that one is
// refused at the start, and the first is filled after the look that the refusal
// asked for. The legs are looked at again at once, not an hour later.
func TestALegFilledAfterTheOtherWasRefused(t *testing.T) {
	rig := newCrashRig(t, crashSpec(t, 6), exchange.TradeFaults{})
	c := &crasher{left: 167, mode: crashBefore}
	if got, err := rig.live(c); err != nil || got != nil || c.kind != "command order" {
		t.Fatalf("it died at a %s: %v", c.kind, err)
	}
	c = &crasher{left: -1}
	got, err := rig.live(c)
	if err != nil {
		t.Fatal(err)
	}
	rig.check(got, c)
	if rig.longest == 0 || rig.longest > carry.Minute {
		t.Errorf("legs were apart for %v", time.Duration(rig.longest)*time.Millisecond)
	}
}
