package lab

import (
	"context"
	"path/filepath"
	"runtime"
	"testing"

	"carry"
	"carry/data"
	"carry/strategy"
)

// A run is a function of market, parameters and seed, bit for bit.
// TestHashAcrossBuilds in cmd/backtest compares builds of the program.

func hashes(t *testing.T, s *Spec) (journal, params string) {
	t.Helper()
	out, err := Execute(context.Background(), s, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Run.Manifest.JournalHash) != 64 || out.Run.Counts.Fills == 0 {
		t.Fatalf("hash %q over %d fills", out.Run.Manifest.JournalHash, out.Run.Counts.Fills)
	}
	return out.Run.Manifest.JournalHash, out.Run.Manifest.ParamsHash
}

func TestSameRunSameHash(t *testing.T) {
	o := smallMarket(21, 10, 12)
	first, params := hashes(t, setUp(t, "funding", generate(t, o), eager...))
	t.Logf("journal %s", first)
	for _, threads := range []int{1, 2} {
		old := runtime.GOMAXPROCS(threads)
		again, _ := hashes(t, setUp(t, "funding", generate(t, o), eager...))
		runtime.GOMAXPROCS(old)
		if again != first {
			t.Errorf("GOMAXPROCS=%d: journal %s, was %s", threads, again, first)
		}
	}
	withBaselines := setUp(t, "funding", generate(t, o), eager...)
	withBaselines.NoBaselines = false
	if again, _ := hashes(t, withBaselines); again != first {
		t.Errorf("with baselines beside it: journal %s, was %s", again, first)
	}
	// What was changed must show.
	other, otherParams := hashes(t, setUp(t, "funding", generate(t, o), append([]string{"capitalUSDT=10001"}, eager...)...))
	if other == first || otherParams == params {
		t.Errorf("another capital: journal %s and parameters %s are the same", other, otherParams)
	}
	o.Seed++
	if other, _ := hashes(t, setUp(t, "funding", generate(t, o), eager...)); other == first {
		t.Error("another market, same journal")
	}
}

// The packed form and the rows are the same tape, and one file copied or
// imported elsewhere is too.
func TestSameHashFromRowsAndPacked(t *testing.T) {
	if testing.Short() {
		t.Skip("imports real history")
	}
	store := realStore(t)
	run := func(rows bool, s *data.Store) (journal, tape string) {
		spec := setUp(t, "funding", nil, eager...)
		spec.From, spec.To = moment(t, "2021-02-01"), moment(t, "2021-08-01")
		spec.Coins = []string{"BTC", "ETH", "ADA", "DOGE", "SOL"}
		spec.Open = func(from, to carry.Time, coins []string) (carry.Tape, error) {
			return data.OpenTape(context.Background(), s, data.TapeOptions{From: from, To: to, Coins: coins, FromRows: rows})
		}
		out, err := Execute(context.Background(), spec, nil)
		if err != nil {
			t.Fatal(err)
		}
		if out.Run.From != spec.From || out.Run.To != spec.To || len(out.Info.Pairs) != 5 || out.Run.Counts.Fills < 100 {
			t.Fatalf("ran %s to %s with %d coins and %d fills", out.Run.From, out.Run.To, len(out.Info.Pairs), out.Run.Counts.Fills)
		}
		return out.Run.Manifest.JournalHash, out.Run.Manifest.TapeHash
	}
	packed, tape := run(false, store)
	rows, tapeOfRows := run(true, store)
	t.Logf("journal %s, tape %s", packed, tape)
	if packed != rows || tape != tapeOfRows {
		t.Errorf("from rows: journal %s, tape %s", rows, tapeOfRows)
	}
	again, err := data.OpenExisting(filepath.Join(realDB.dir, ".", "carry.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if j, h := run(false, again); j != packed || h != tape {
		t.Errorf("opened again: journal %s, tape %s", j, h)
	}
}

// The journal's hash covers every field that a journalled event or command has.
func TestHashSeesEveryField(t *testing.T) {
	ev := carry.Event{Kind: carry.EvFill, At: 1, Pair: 2, Leg: carry.Perp, Side: carry.Sell, Wallet: carry.PerpWallet, Qty: 3, Price: 4, Ref: 5,
		Order: 6, Amount: 7, Fee: 8, FeeCoins: carry.WideFrom(9), Balance: 10, Balance2: 11, Coins: carry.WideFrom(12), Rate: 13, Code: carry.CodeHold}
	seen := map[string]string{}
	note := func(what string, bytes []byte) {
		if before, ok := seen[string(bytes)]; ok {
			t.Errorf("%s and %s look the same in the journal", before, what)
		}
		seen[string(bytes)] = what
	}
	note("event", strategy.AppendEvent(nil, &ev))
	for what, change := range map[string]func(*carry.Event){
		"kind": func(e *carry.Event) { e.Kind = carry.EvSettled }, "at": func(e *carry.Event) { e.At++ }, "pair": func(e *carry.Event) { e.Pair++ },
		"leg": func(e *carry.Event) { e.Leg = carry.Spot }, "side": func(e *carry.Event) { e.Side = carry.Buy },
		"wallet": func(e *carry.Event) { e.Wallet = carry.SpotWallet }, "qty": func(e *carry.Event) { e.Qty++ }, "price": func(e *carry.Event) { e.Price++ },
		"order": func(e *carry.Event) { e.Order++ }, "amount": func(e *carry.Event) { e.Amount++ }, "fee": func(e *carry.Event) { e.Fee++ },
		"fee coins": func(e *carry.Event) { e.FeeCoins.Lo++ }, "balance": func(e *carry.Event) { e.Balance++ }, "balance2": func(e *carry.Event) { e.Balance2++ },
		"coins": func(e *carry.Event) { e.Coins.Hi++ }, "rate": func(e *carry.Event) { e.Rate++ }, "code": func(e *carry.Event) { e.Code++ }, "ref": func(e *carry.Event) { e.Ref++ },
	} {
		other := ev
		change(&other)
		note("event with another "+what, strategy.AppendEvent(nil, &other))
	}
	c := carry.Command{Kind: carry.CmdOrder, Pair: 1, Leg: carry.Perp, Side: carry.Sell, Qty: 2, Ref: 3, Limit: 4, Order: 5, Code: carry.CodeOpen, Amount: 6, ID: 7, At: 8}
	note("command", strategy.AppendCommand(nil, 1, &c))
	for what, change := range map[string]func(*carry.Command){
		"kind": func(c *carry.Command) { c.Kind = carry.CmdNote }, "pair": func(c *carry.Command) { c.Pair++ }, "leg": func(c *carry.Command) { c.Leg = carry.Spot },
		"side": func(c *carry.Command) { c.Side = carry.Buy }, "qty": func(c *carry.Command) { c.Qty++ }, "ref": func(c *carry.Command) { c.Ref++ },
		"limit": func(c *carry.Command) { c.Limit++ }, "order": func(c *carry.Command) { c.Order++ }, "code": func(c *carry.Command) { c.Code++ },
		"amount": func(c *carry.Command) { c.Amount++ }, "id": func(c *carry.Command) { c.ID++ }, "timer": func(c *carry.Command) { c.At++ },
		"reduce only": func(c *carry.Command) { c.ReduceOnly = true }, "wallet": func(c *carry.Command) { c.Wallet = carry.PerpWallet },
	} {
		other := c
		change(&other)
		note("command with another "+what, strategy.AppendCommand(nil, 1, &other))
	}
	note("command later", strategy.AppendCommand(nil, 2, &c))
}
