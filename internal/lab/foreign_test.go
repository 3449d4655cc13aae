package lab

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"carry"
	"carry/internal/exchange"
)

// person trades by hand on the account of a rehearsal.
type person struct {
	t    *testing.T
	pg   *playground
	wire *exchange.Pipes
}

// post sends a signed request to the exchange.
func (p *person) post(path string, q url.Values) {
	p.t.Helper()
	q.Set("timestamp", strconv.FormatInt(int64(p.pg.trading.Now()), 10))
	text := q.Encode()
	text += "&signature=" + exchange.Sign(loopbackSecret, text)
	req, err := http.NewRequest(http.MethodPost, p.pg.url+path, strings.NewReader(text))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("X-MBX-APIKEY", loopbackKey)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := (&http.Client{Transport: p.wire.Transport()}).Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(resp.Body)
		p.t.Fatalf("%s: HTTP %d %s", path, resp.StatusCode, body)
	}
}

// order places a market order by hand.
func (p *person) order(leg carry.Leg, i int, side string, qty carry.Qty) {
	pair := &p.pg.info.Pairs[i]
	path, symbol := "/api/v3/order", pair.SpotSymbol
	if leg == carry.Perp {
		path, symbol = "/fapi/v1/order", pair.PerpSymbol
	}
	q := url.Values{"symbol": {symbol}, "side": {side}, "type": {"MARKET"}, "quantity": {strconv.FormatFloat(pair.QtyFloat(qty), 'f', int(pair.QtyDp), 64)},
		"newClientOrderId": {"by-hand"}}
	p.post(path, q)
}

// What others do on the account ends no run: the core is told, stops opening where
// foreignChange says halt, and goes on with what it holds; books and exchange stay
// equal to the last digit.
func TestOthersOnTheAccount(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(p *person, held int)
	}{
		{"buys coins", func(p *person, held int) { p.order(carry.Spot, held, "BUY", 300) }},
		{"sells coins of ours", func(p *person, held int) { p.order(carry.Spot, held, "SELL", 300) }},
		{"closes a part of a short", func(p *person, held int) { p.order(carry.Perp, held, "BUY", 1000) }},
		{"moves money", func(p *person, _ int) {
			p.post("/sapi/v1/asset/transfer", url.Values{"type": {"UMFUTURE_MAIN"}, "asset": {"USDT"}, "amount": {"7.5"}})
		}},
	} {
		for _, policy := range []string{"halt", "adopt", "ignore"} {
			t.Run(c.name+"/"+policy, func(t *testing.T) {
				spec := crashSpec(t, 30)
				if err := spec.Set("foreignChange", policy); err != nil {
					t.Fatal(err)
				}
				rig := newCrashRig(t, spec, exchange.TradeFaults{})
				keep := &foreignWitness{}
				p := &person{t, rig.pg, rig.wire}
				var said []string
				got, err := spec.rehearseOn(context.Background(), rig.pg, RehearseOptions{Journal: keep, Stage: Stage{Pipes: rig.wire}, Log: func(s string) { said = append(said, s) },
					Progress: func(at, from, _ carry.Time) {
						if at == from+6*carry.Hour {
							c.do(p, keep.held())
						}
					}})
				if err != nil {
					t.Fatal(err)
				}
				if keep.notes == 0 || !strings.Contains(strings.Join(said, "\n"), "FOREIGN") {
					t.Errorf("nobody was told: %d notes, log %q", keep.notes, said)
				}
				if policy == "halt" && keep.opened > 0 {
					t.Errorf("%d openings after the halt", keep.opened)
				}
				if policy != "halt" && keep.opened == 0 {
					t.Error("nothing was opened any more")
				}
				if got.Result.Residual != "0.0000000000000000" {
					t.Errorf("residual %s", got.Result.Residual)
				}
				t.Logf("%d notes, %d openings afterwards; final %s", keep.notes, keep.opened, got.Result.FinalExact)
			})
		}
	}
}

// foreignWitness counts what is said of foreign changes, and openings after them.
type foreignWitness struct {
	witness
	notes, opened int
}

// Command counts.
func (w *foreignWitness) Command(_ carry.Time, c *carry.Command) error {
	switch {
	case c.Kind == carry.CmdNote && c.Code == carry.CodeForeign:
		w.notes++
	case w.notes > 0 && c.Kind == carry.CmdOrder && c.Leg == carry.Perp && c.Side == carry.Sell:
		w.opened++
	}
	return nil
}

// held is a pair that is held.
func (w *foreignWitness) held() int {
	for i, q := range w.acct.PerpQty {
		if q < -1000 {
			return i
		}
	}
	panic(fmt.Sprint("nothing is held: ", w.acct.PerpQty))
}
