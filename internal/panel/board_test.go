package panel

import (
	"encoding/json"
	"math"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"carry"
	"carry/internal/book"
)

// quotes are the same for both legs of all pairs.
type quotes float64

func (q quotes) Bid(carry.Leg, int) float64 { return float64(q) }
func (q quotes) Ask(carry.Leg, int) float64 { return float64(q) }

// scene is a board over books of one coin at 100 USDT, of which the futures wallet
// has 1000 USDT and spot 1000.
type scene struct {
	t     *testing.T
	book  *book.Book
	board *Board
	rang  []Alarm
	at    carry.Time
	seq   uint64
	order carry.OrderID
}

func newScene(t *testing.T, limits AlarmLimits) *scene {
	t.Helper()
	s := &scene{t: t, at: 1612540800000}
	pairs := []carry.Pair{{Coin: "A", Mult: 1, QtyDp: 2}}
	s.book = book.New(pairs)
	s.board = NewBoard(BoardOptions{Title: Title{Mode: "TEST"}, Pairs: pairs, Book: s.book, Limits: limits, Every: 1,
		Raise: func(a Alarm) { s.rang = append(s.rang, a) }})
	s.tell(carry.Event{Kind: carry.EvSnapshot, Pair: -1, Balance: 1000 * carry.Unit, Balance2: 1000 * carry.Unit})
	return s
}

// tell books an event and shows it to the board, as the loop does. Balances of
// trades are computed, since an exchange would tell them.
func (s *scene) tell(ev carry.Event) {
	s.t.Helper()
	s.seq++
	ev.At, ev.Seq, ev.Account = s.at, s.seq, s.book.Account()
	if ev.Kind == carry.EvFill {
		a := s.book.Account()
		worth := carry.Amount(int64(ev.Qty) * int64(ev.Price) / 100)
		if ev.Leg == carry.Spot {
			ev.Amount = -worth * carry.Amount(ev.Side)
			ev.Balance = a.SpotUSDT + ev.Amount
			coins := carry.WideFrom(int64(ev.Side) * int64(ev.Qty) * carry.Unit / 100)
			ev.Coins = a.SpotCoins[0].Add(coins)
		} else {
			ev.Balance = a.PerpUSDT + ev.Amount
		}
	}
	if err := s.book.Apply(&ev); err != nil {
		s.t.Fatal(err)
	}
	if err := s.board.Event(&ev); err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) trade(leg carry.Leg, side carry.Side, q carry.Qty, mid, price float64, code carry.Code) {
	s.t.Helper()
	s.order++
	c := carry.Command{Kind: carry.CmdOrder, Leg: leg, Side: side, Qty: q, Order: s.order, Ref: carry.PriceFromFloat(mid), Code: code}
	if err := s.board.Command(s.at, &c); err != nil {
		s.t.Fatal(err)
	}
	s.tell(carry.Event{Kind: carry.EvFill, Leg: leg, Side: side, Qty: q, Order: s.order, Ref: c.Ref, Price: carry.PriceFromFloat(price)})
}

// hour shows a cross-section at a price and lets the board look.
func (s *scene) hour(price float64) *Snapshot {
	s.t.Helper()
	s.at += carry.Hour
	one := func(v float64) []float64 { return []float64{v} }
	m := &carry.Market{At: s.at, Pairs: s.board.o.Pairs, Quotes: quotes(price), SpotLast: one(price), PerpLast: one(price), Mark: one(price),
		SpotValue: one(0), PerpValue: one(0), Predicted: []carry.PredictedRate{0.0004}, IntervalH: one(4), Flags: []carry.Flags{carry.Tradable}}
	s.tell(carry.Event{Kind: carry.EvMarket, Pair: -1, Market: m})
	s.board.Look()
	return s.board.Snapshot()
}

func near(t *testing.T, what string, got Figure, want float64) {
	t.Helper()
	if math.Abs(float64(got)-want) > 1e-9*math.Max(1, math.Abs(want)) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

// The figures of a pair that is opened at a premium, by hand.
func TestFiguresByHand(t *testing.T) {
	s := newScene(t, AlarmLimits{})
	s.hour(100)
	s.trade(carry.Perp, carry.Sell, 500, 101, 100.9, carry.CodeOpen) // 5 contracts
	s.trade(carry.Spot, carry.Buy, 500, 100, 100.1, carry.CodeOpen)
	p := s.hour(100)
	near(t, "premium seen", p.Slices[0].Seen, 0.01)
	near(t, "premium got", p.Slices[0].Got, 100.9/100.1-1)
	near(t, "spot wallet", p.Money.Spot, 1000-500.5)
	near(t, "margin", p.Money.Margin, 1000+4.5)
	near(t, "equity", p.Money.Equity, 2000+4.5-0.5)
	near(t, "notional", p.Money.Notional, 500)
	near(t, "used", p.Money.Used, 500/1004.5)
	near(t, "profit", p.Money.Profit, 4)
	near(t, "slippage", Figure(p.Parts.Slippage), -1)
	near(t, "basis", Figure(p.Parts.Basis), 5)
	near(t, "rate of 8 h", p.Pairs[0].Rate8h, 0.0008)
	near(t, "gap", p.Pairs[0].Gap, 0)
	if next := carry.Time(1612555200000); p.NextSettlement != next { // 20:00 after 18:00
		t.Errorf("the next settlement is %s", p.NextSettlement)
	}
	if n := p.Slices[0]; n.Sent != 2 || n.Filled != 2 || p.Slices[1].Sent != 0 || !math.IsNaN(float64(p.Slices[1].Seen)) {
		t.Errorf("slices %+v", p.Slices)
	}
	// A partial fill that is given up, one that is missed, one that the gate refuses.
	for k, ev := range []carry.Event{{Kind: carry.EvCanceled, Code: carry.CodeVolume}, {Kind: carry.EvCanceled, Code: carry.CodeExpired},
		{Kind: carry.EvReject, Code: carry.CodeGateKilled}, {Kind: carry.EvReject, Code: carry.CodeMargin}} {
		s.order++
		c := carry.Command{Kind: carry.CmdOrder, Leg: carry.Perp, Side: carry.Buy, Qty: 100, Order: s.order, Ref: 100 * carry.Unit, Code: carry.CodeCloseRate, ReduceOnly: true}
		if err := s.board.Command(s.at, &c); err != nil {
			t.Fatal(err)
		}
		if k == 0 {
			s.tell(carry.Event{Kind: carry.EvFill, Leg: carry.Perp, Side: carry.Buy, Qty: 40, Left: 60, Order: s.order, Ref: 100 * carry.Unit, Price: 100 * carry.Unit,
				Amount: 36_000_000})
		}
		ev.Order, ev.Leg, ev.Side, ev.Qty = s.order, carry.Perp, carry.Buy, 60
		s.tell(ev)
	}
	if n := s.hour(100).Slices[1]; n.Sent != 4 || n.Partly != 1 || n.Missed != 2 || n.Refused != 1 || n.Filled != 0 {
		t.Errorf("slices %+v", n)
	}
}

// Between two cross-sections the board shows the market of the moment, which counts
// for nothing else.
func TestPeeking(t *testing.T) {
	s := newScene(t, AlarmLimits{NearLiquidationFrac: 10})
	one := func(v float64) []float64 { return []float64{v} }
	m := &carry.Market{At: s.at + 90*carry.Minute, Within: true, Pairs: s.board.o.Pairs, Quotes: quotes(110), SpotLast: one(110), PerpLast: one(110), Mark: one(110),
		Predicted: []carry.PredictedRate{0.001}, IntervalH: one(8), Flags: []carry.Flags{carry.Tradable}}
	if s.board.Peek(m); len(s.board.Snapshot().Pairs) != 0 {
		t.Error("it looks before the run began")
	}
	s.hour(100)
	s.trade(carry.Perp, carry.Sell, 500, 100, 100, carry.CodeOpen)
	before := s.hour(100)
	s.board.Peek(m)
	p := s.board.Snapshot()
	near(t, "mark", p.Pairs[0].Mark, 110)
	near(t, "equity", p.Money.Equity, 1950)
	near(t, "profit", p.Money.Profit, -50)
	near(t, "rate", p.Pairs[0].Rate8h, 0.001)
	if p.Seq != before.Seq || len(p.Curve.At) != len(before.Curve.At) || p.Counts != before.Counts || len(p.Alarms) != len(before.Alarms) || p.At < m.At {
		t.Errorf("a look counts: %+v", p)
	}
	near(t, "equity an hour later", s.hour(100).Money.Equity, 2000)
}

// An alarm rings once, and again only after all was well.
func TestAlarmsOfFigures(t *testing.T) {
	s := newScene(t, AlarmLimits{NearLiquidationFrac: 0.5, DayLossFrac: 0.05})
	s.hour(100)
	s.trade(carry.Perp, carry.Sell, 1000, 100, 100, carry.CodeOpen) // no coins against it: it only loses
	count := func(code carry.Code) (n int) {
		for _, a := range s.rang {
			if a.Code == code {
				n++
			}
		}
		return n
	}
	for k, e := range []struct {
		price      float64
		near, loss int
	}{
		{100, 0, 0}, // (1000 − 0)/1000: +100 %, of which no bracket is known
		{120, 0, 1}, // lost 200 of 2000; 800/1200 to go
		{130, 0, 1}, {135, 1, 1}, {134, 1, 1},
		{120, 1, 1},              // 67 %: not well enough yet
		{112, 1, 1},              // lost 120: not well enough yet
		{101, 1, 1},              // all is well
		{140, 2, 2}, {150, 2, 2}, // and both ring again
	} {
		s.hour(e.price)
		if n, l := count(carry.CodeNearLiquidation), count(carry.CodeDayLoss); n != e.near || l != e.loss {
			t.Fatalf("step %d at %g: %d and %d alarms, want %d and %d", k, e.price, n, l, e.near, e.loss)
		}
	}
	last := s.board.Snapshot().Alarms
	if len(last) != 4 || last[0].N != 4 || last[3].N != 1 {
		t.Errorf("the list is %+v", last)
	}
	s.board.Delivered(4, "hook", true)
	s.board.Delivered(4, "bot", false)
	if a := s.board.Snapshot().Alarms[0]; len(a.Sent) != 1 || len(a.Lost) != 1 || len(last[0].Sent) != 0 {
		t.Errorf("delivered: %+v, an older picture: %+v", a, last[0])
	}
	// A past that is replayed rings nobody.
	s.board.Replay(true)
	s.tell(carry.Event{Kind: carry.EvOperator, Pair: -1, Code: carry.CodeKill})
	if n := len(s.rang); n != 4 || len(s.board.Snapshot().Alarms) != 5 {
		t.Errorf("%d rang, %d are listed", n, len(s.board.Snapshot().Alarms))
	}
}

// A connection that is down for longer than it may be is an alarm; a short break is
// none.
func TestAlarmsOfConnections(t *testing.T) {
	s := newScene(t, AlarmLimits{LinkDownS: 60})
	down := func(code carry.Code, after carry.Time) {
		s.at += after
		s.tell(carry.Event{Kind: carry.EvLink, Pair: -1, Code: code})
	}
	down(carry.CodeStale, 0)
	down(carry.OK, 30*carry.Second)
	s.hour(100)
	if len(s.rang) != 0 {
		t.Fatalf("a short break rings: %+v", s.rang)
	}
	down(carry.CodeStale, 0)
	down(carry.CodeStale, 0)
	down(carry.OK, 30*carry.Second)
	p := s.hour(100)
	if len(s.rang) != 1 || s.rang[0].Code != carry.CodeStale || p.State.LinksDown != 1 || p.Counts.LinkBreaks != 3 {
		t.Fatalf("a long break: %+v, state %+v", s.rang, p.State)
	}
	down(carry.OK, 0)
	if len(s.rang) != 2 || s.rang[1].Code != carry.CodeCalm {
		t.Errorf("its end: %+v", s.rang)
	}
}

// The curve and the list of events stay bounded, with their ends in place.
func TestWhatIsKeptIsBounded(t *testing.T) {
	s := newScene(t, AlarmLimits{})
	first := s.at + carry.Hour
	for range 5000 {
		s.hour(100)
	}
	c := s.board.Snapshot().Curve
	if n := len(c.At); n > curveMax || n < curveMax/2 || len(c.Equity) != n || len(c.Used) != n || c.At[0] != first || s.at-c.At[n-1] > 16*carry.Hour {
		t.Errorf("%d points from %s to %s", len(c.At), c.At[0], c.At[len(c.At)-1])
	}
	for k := 2; k < len(c.At); k++ {
		if c.At[k]-c.At[k-1] != c.At[1]-c.At[0] {
			t.Fatalf("points %d and %d are %d ms apart", k-1, k, c.At[k]-c.At[k-1])
		}
	}
	for k := range 3 * eventsMax {
		s.board.tell(carry.Time(k), -1, carry.OK, "%d", k)
	}
	list := s.board.events.newest()
	if len(list) != eventsMax || list[0].Text != strconv.Itoa(3*eventsMax-1) || list[eventsMax-1].Text != strconv.Itoa(2*eventsMax) {
		t.Errorf("%d events, %s to %s", len(list), list[0].Text, list[len(list)-1].Text)
	}
}

// What is not known is null, and comes back as not known.
func TestFiguresInJSON(t *testing.T) {
	text, err := json.Marshal([]Figure{1.5, Figure(math.NaN()), Figure(math.Inf(1)), -2e-9})
	if err != nil || string(text) != "[1.5,null,null,-2e-09]" {
		t.Fatalf("%s, %v", text, err)
	}
	var back []Figure
	if err := json.Unmarshal(text, &back); err != nil || back[0] != 1.5 || !math.IsNaN(float64(back[1])) {
		t.Errorf("%v, %v", back, err)
	}
	if err := json.Unmarshal([]byte(`["x"]`), &back); err == nil {
		t.Error("a text is a figure")
	}
}

// The exposition is what Prometheus' text format 0.0.4 says: every sample after the
// TYPE of its name, each name in one piece, no sample twice.
func TestMetricsAreInPrometheusFormat(t *testing.T) {
	d := serve(t, "t")
	s := newScene(t, AlarmLimits{})
	d.o.Board = s.board
	s.hour(100)
	s.trade(carry.Perp, carry.Sell, 500, 101, 100.9, carry.CodeOpen)
	s.trade(carry.Spot, carry.Buy, 500, 100, 100.1, carry.CodeOpen)
	s.hour(100)
	resp, text := d.call(t, "GET", "/metrics", "", func(r *http.Request) { r.Header.Set("Authorization", "Bearer t") })
	if ct := resp.Header.Get("Content-Type"); ct != "text/plain; version=0.0.4; charset=utf-8" {
		t.Errorf("content type %q", ct)
	}
	sample := regexp.MustCompile(`^([a-z_:][a-z0-9_:]*)(\{[a-z0-9_]+="[^"\\]*"(?:,[a-z0-9_]+="[^"\\]*")*\})? (\S+)$`)
	kinds, seen, now := map[string]string{}, map[string]string{}, ""
	for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if name, kind, ok := strings.Cut(strings.TrimPrefix(line, "# TYPE "), " "); ok && strings.HasPrefix(line, "# TYPE ") {
			if kinds[name] != "" {
				t.Errorf("%s comes in two pieces", name)
			}
			kinds[name], now = kind, name
			continue
		}
		if strings.HasPrefix(line, "# HELP ") {
			continue
		}
		m := sample.FindStringSubmatch(line)
		if m == nil || m[1] != now {
			t.Fatalf("%q is no sample of %s", line, now)
		}
		if _, err := strconv.ParseFloat(m[3], 64); err != nil || seen[m[1]+m[2]] != "" {
			t.Errorf("%q: %v", line, err)
		}
		if (kinds[now] == "counter") != strings.HasSuffix(now, "_total") {
			t.Errorf("%s is a %s", now, kinds[now])
		}
		seen[m[1]+m[2]] = m[3]
	}
	for name, want := range map[string]string{"carry_equity_usdt": "2004", `carry_orders_total{kind="opening",outcome="filled"}`: "2", "carry_killed": "0",
		`carry_pair_value_usdt{coin="A"}`: "500", `carry_attribution_usdt{part="slippage"}`: "-1", `carry_wallet_usdt{wallet="spot"}`: "499.5"} {
		if seen[name] != want {
			t.Errorf("%s is %q, want %s", name, seen[name], want)
		}
	}
	if got := exposition([]metric{{"x", "h", "gauge", label("l", "a\"\\\nb"), math.Inf(1)}, {"y", "h", "gauge", "", math.NaN()}}); got != "# HELP x h\n# TYPE x gauge\nx{l=\"a\\\"\\\\\\nb\"} +Inf\n" {
		t.Errorf("%q", got)
	}
}
