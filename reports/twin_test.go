package reports

import (
	"strings"
	"testing"

	"carry"
)

// A live session's report says what slippage was and what the backtest of the same
// days has; a backtest's report has no such section.
func TestLiveAgainstBacktest(t *testing.T) {
	doc := invent(5, 2)
	var b strings.Builder
	if err := WriteHTML(&b, doc); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), `id="twin"`) {
		t.Error("a backtest is compared with itself")
	}
	twin := *doc.Run
	twin.Counts.TradedUSDT, twin.Attribution.Slippage = 1_000_000, -150
	twin.Coins = append([]carry.CoinRow{{Coin: "ONLYTHERE", Fills: 7}}, twin.Coins[1:]...)
	doc.Run.Counts.TradedUSDT, doc.Run.Attribution.Slippage = 2_000_000, -900
	doc.Twin = &twin
	b.Reset()
	if err := WriteHTML(&b, doc); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	_, section, found := strings.Cut(page, `id="twin"`)
	section, _, _ = strings.Cut(section, "</section>")
	for _, want := range []string{"Slippage was 4.5\u00a0bp of what was traded", "has 1.5\u00a0bp", "3.0\u00a0bp<", "ONLYTHERE", doc.Run.Coins[0].Coin} {
		if !found || !strings.Contains(section, want) {
			t.Errorf("the section does not say %q", want)
		}
	}
	twin.Counts.TradedUSDT = 0
	if got := slippageText(&twin); got != "nothing" {
		t.Errorf("of nothing traded slippage is %q", got)
	}
}
