package carry

import (
	"encoding/json"
	"math"
	"os"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"carry/internal/testenv"
)

// All worked liquidation prices of binance.md §2.6, to the printed digit.
func TestLiquidationPricesAsBinancePrintsThem(t *testing.T) {
	for _, e := range []struct {
		name     string
		m        Margined
		mmr, cum float64
		want     string
	}{
		{"Binance's cross example, BTC", Margined{Buy, 109.488, 32_481.980, 1_535_443.01, 356_512.508, -448_192.89}, 0.025, 16_300, "26316.89"},
		{"Binance's cross example, ETH", Margined{Buy, 3683.979, 1_456.84, 1_535_443.01, 71_200.81144, -56_354.57}, 0.10, 135_365, "1153.26"},
		{"the recorded multi-assets account", Margined{Side: Buy, Qty: 0.009, Entry: 67_445.9, Wallet: 25.7261}, 0.004, 0, "64846.83"},
		{"isolated short, 1 %", Margined{Side: Sell, Qty: 10, Entry: 100, Wallet: 500}, 0.01, 0, "148.51"},
		{"isolated short, 2.5 %", Margined{Side: Sell, Qty: 10, Entry: 100, Wallet: 500}, 0.025, 0, "146.34"},
		{"1 BTC at 1x", Margined{Side: Sell, Qty: 1, Entry: 60_000, Wallet: 60_000}, 0.005, 50, "119452.74"},
		{"2x", Margined{Side: Sell, Qty: 1, Entry: 60_000, Wallet: 30_000}, 0.005, 50, "89601.99"},
		{"3x", Margined{Side: Sell, Qty: 1, Entry: 60_000, Wallet: 20_000}, 0.005, 50, "79651.74"},
		{"5x", Margined{Side: Sell, Qty: 1, Entry: 60_000, Wallet: 12_000}, 0.005, 50, "71691.54"},
		{"10x", Margined{Side: Sell, Qty: 1, Entry: 60_000, Wallet: 6_000}, 0.005, 50, "65721.39"},
		{"20x", Margined{Side: Sell, Qty: 1, Entry: 60_000, Wallet: 3_000}, 0.005, 50, "62736.32"},
	} {
		if got := strconv.FormatFloat(e.m.PriceAt(e.mmr, e.cum), 'f', 2, 64); got != e.want {
			t.Errorf("%s: %s, want %s", e.name, got, e.want)
		}
	}
}

// recorded are the two answers of Binance that the test needs, by path.
type recorded struct {
	Path     string          `json:"path"`
	Response json.RawMessage `json:"response"`
}

func number(t *testing.T, s string) float64 {
	t.Helper()
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// The account that was recorded from Binance, with the brackets recorded from
// it: maintenance margin to the last digit, liquidation price to 2.5e-6 (part of
// the wallet is USDC, whose price in USDT is not told).
func TestLiquidationOfTheRecordedAccount(t *testing.T) {
	dir := testenv.Folder(t, testenv.Shared(t)+"/fixtures/binance", "../shared/fixtures/binance", "Binance's recorded answers")
	text, err := os.ReadFile(dir + "/ccxt_static_recorded.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Entries []recorded }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	var wallet float64
	var positions []struct{ PositionAmt, EntryPrice, LiquidationPrice, Notional, MaintMargin string }
	for _, e := range file.Entries {
		switch e.Path {
		case "/fapi/v3/account":
			var a struct{ TotalWalletBalance string }
			if err := json.Unmarshal(e.Response, &a); err != nil {
				t.Fatal(err)
			}
			wallet = number(t, a.TotalWalletBalance)
		case "/fapi/v3/positionRisk":
			p := positions
			if err := json.Unmarshal(e.Response, &p); err != nil {
				t.Fatal(err)
			}
			positions = append(positions, p...)
		}
	}
	if wallet != 25.7261006 || len(positions) < 1 {
		t.Fatalf("the recording holds %v USDT and %d positions", wallet, len(positions))
	}
	first := []Bracket{{Cap: 50_000, MMR: 0.004, MaxLeverage: 125}, {Floor: 50_000, Cap: math.Inf(1), MMR: 0.005, Cum: 50}}
	for _, p := range positions {
		m := Margined{Side: Buy, Qty: number(t, p.PositionAmt), Entry: number(t, p.EntryPrice), Wallet: wallet}
		if got, want := m.Price(first), number(t, p.LiquidationPrice); math.Abs(got/want-1) > 2.5e-6 {
			t.Errorf("liquidated at %.2f, Binance says %.2f", got, want)
		}
		if got, want := MaintenanceMargin(first, number(t, p.Notional)), number(t, p.MaintMargin); math.Abs(got-want) > 1e-8 {
			t.Errorf("maintenance margin %.8f, Binance says %.8f", got, want)
		}
	}
}

// At the price that comes out, and only there, margin balance and maintenance
// margin are equal, whatever bracket it falls into.
func TestLiquidationPriceIsWhereMarginFails(t *testing.T) {
	brackets := []Bracket{{Cap: 50e3, MMR: 0.004}, {Floor: 50e3, Cap: 250e3, MMR: 0.005, Cum: 50},
		{Floor: 250e3, Cap: 1e6, MMR: 0.01, Cum: 1300}, {Floor: 1e6, Cap: math.Inf(1), MMR: 0.025, Cum: 16_300}}
	rapid.Check(t, func(t *rapid.T) {
		m := Margined{Side: Sell, Qty: rapid.Float64Range(0.001, 100).Draw(t, "q"), Entry: rapid.Float64Range(1, 60_000).Draw(t, "entry"),
			OtherMaintenance: rapid.Float64Range(0, 1000).Draw(t, "tmm"), OtherProfit: rapid.Float64Range(-1000, 1000).Draw(t, "upnl")}
		m.Wallet = 2000 + m.Qty*m.Entry*rapid.Float64Range(0.03, 3).Draw(t, "margin")
		p := m.Price(brackets)
		balance := m.Wallet + m.OtherProfit + m.Qty*(m.Entry-p) - m.OtherMaintenance
		if mm := MaintenanceMargin(brackets, m.Qty*p); math.Abs(balance-mm) > 1e-9*m.Qty*(p+m.Entry)+1e-6 {
			t.Fatalf("at %v the balance is %v, maintenance %v", p, balance, mm)
		}
	})
}
