package exchange

import (
	"context"
	"strings"
	"testing"
	"time"
)

// Within a bar the market is shown again and again, as production does, from the
// first bar on, which lies before the first instant that a client can trade on.
func TestTheMarketIsShownWithinABar(t *testing.T) {
	s := serveEarly(t, nil)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	ws := "ws" + strings.TrimPrefix(s.server.URLs().All, "http")
	name := strings.ToLower(s.coin.PerpSymbol)
	marks, book := listen(ctx, t, ws+"/market/stream?streams=!markPrice@arr@1s"), listen(ctx, t, ws+"/public/ws/"+name+"@bookTicker")
	ended := make(chan error, 1)
	go func() { ended <- s.trading.Run(ctx, 1200) }() // three seconds a bar, twenty looks
	for k, text := range []string{marks.until([]string{"markPriceUpdate"}), book.until([]string{"bookTicker"})} {
		if text == "" {
			t.Errorf("stream %d is silent within the first bar", k)
		}
	}
	time.Sleep(500 * time.Millisecond)
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	marks.mu.Lock()
	defer marks.mu.Unlock()
	if n := strings.Count(marks.text.String(), `"stream":"!markPrice@arr@1s"`); n < 3 {
		t.Errorf("in half a second of twenty looks marks came %d times", n)
	}
}
