package binance

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"carry"
	"carry/internal/binance/wire"
)

const marksStream = "!markPrice@arr@1s"

func (v *Venue) spotStreams() (names []string) {
	for i := range v.o.Pairs {
		s := strings.ToLower(v.o.Pairs[i].SpotSymbol)
		names = append(names, s+"@bookTicker", s+"@kline_"+v.o.Interval)
	}
	return names
}

func (v *Venue) publicStreams() (names []string) {
	for i := range v.o.Pairs {
		names = append(names, strings.ToLower(v.o.Pairs[i].PerpSymbol)+"@bookTicker")
	}
	return names
}

func (v *Venue) marketStreams() []string {
	names := []string{marksStream}
	for i := range v.o.Pairs {
		names = append(names, strings.ToLower(v.o.Pairs[i].PerpSymbol)+"@kline_"+v.o.Interval)
	}
	return names
}

// subscribes is the message that asks for streams.
func (v *Venue) subscribes(names []string) func() []byte {
	return func() []byte {
		text, err := json.Marshal(struct {
			Method string   `json:"method"`
			Params []string `json:"params"`
			ID     int      `json:"id"`
		}{"SUBSCRIBE", names, 1})
		if err != nil {
			return nil // text always can be written
		}
		return text
	}
}

// subscribesUser asks spot's WebSocket API for the account's events. The
// signature is over the parameters in alphabetical order.
func (v *Venue) subscribesUser() []byte {
	k := v.c.o.Keys
	at := strconv.FormatInt(int64(v.serverNow()), 10)
	payload := "apiKey=" + k.key + "&recvWindow=" + strconv.Itoa(recvWindow) + "&timestamp=" + at
	mac := hmac.New(sha256.New, []byte(k.secret))
	mac.Write([]byte(payload))
	text, err := json.Marshal(map[string]any{"id": "user", "method": "userDataStream.subscribe.signature", "params": map[string]any{
		"apiKey": k.key, "recvWindow": recvWindow, "timestamp": json.Number(at), "signature": hex.EncodeToString(mac.Sum(nil))}})
	if err != nil {
		return nil
	}
	return text
}

// hear takes one frame. What cannot be read costs the frame, not the program:
// the stream is made anew, and what it tells of the account is read again.
func (v *Venue) hear(ctx context.Context, f frame) error {
	switch {
	case f.down:
		v.down(f.link)
		return nil
	case f.up:
		return v.linkUp(ctx, f.link)
	case f.link == v.links.private:
		return v.hearUser(ctx, f, f.data, wire.Futures)
	case f.link == v.links.api:
		return v.hearAPI(ctx, f)
	}
	s, err := wire.DecodeStream(f.data)
	if err == nil && s.Name == "" {
		return v.linkUp(ctx, f.link)
	}
	if err == nil {
		err = v.hearMarket(f.link, &s)
	}
	if err != nil {
		v.o.Log(fmt.Sprintf("stream %s: %v; connecting again", f.link.name, err))
		v.again(f.link)
	}
	return nil
}

func (v *Venue) hearAPI(ctx context.Context, f frame) error {
	a, err := wire.DecodeAPI(f.data)
	switch {
	case err != nil:
		v.o.Log(fmt.Sprintf("stream %s: %v; connecting again", f.link.name, err))
		v.again(f.link)
		return nil
	case a.Event != nil:
		return v.hearUser(ctx, f, a.Event, wire.Spot)
	case a.Status != 200:
		if a.Error.Code == -2014 || a.Error.Code == -2015 || a.Error.Code == -1022 {
			return fmt.Errorf("%w: the spot account's stream was refused: %s (%d)", ErrKeys, a.Error.Msg, a.Error.Code)
		}
		v.o.Log(fmt.Sprintf("stream %s was refused: %s (%d); connecting again", f.link.name, a.Error.Msg, a.Error.Code))
		v.again(f.link)
		return nil
	}
	return v.linkUp(ctx, f.link)
}

// again makes a link connect anew. From now on it tells nothing.
func (v *Venue) again(l *link) {
	l.again()
	v.down(l)
}

// down notes that a link is gone. Of several that are, the first is told.
func (v *Venue) down(l *link) {
	if !v.up[l] {
		return
	}
	whole := v.whole()
	delete(v.up, l)
	if v.started && whole {
		v.emit(carry.Event{Kind: carry.EvLink, At: max(v.last, v.c.Now()), Pair: -1, Code: carry.CodeStale})
	}
}

// linkUp notes that a link works; that the connection is whole again is told.
// After a break the account is read again, so that nothing that happened meanwhile
// is missed; what was buffered and is heard afterwards is known already then.
func (v *Venue) linkUp(ctx context.Context, l *link) error {
	if v.up[l] {
		return nil
	}
	v.up[l] = true
	if !v.started {
		return nil
	}
	if v.whole() {
		v.emit(carry.Event{Kind: carry.EvLink, At: max(v.last, v.c.Now()), Pair: -1})
	}
	if l == v.links.private || l == v.links.api {
		return v.resync(ctx, l)
	}
	return nil
}

// resync reads what one market's account did during a break: the orders under
// way, and the balances.
func (v *Venue) resync(ctx context.Context, l *link) error {
	m := wire.Spot
	if l == v.links.private {
		m = wire.Futures
	}
	for _, x := range append([]*flight(nil), v.flights.list...) {
		if x.market != m || x.nextPoll != 0 {
			continue
		}
		if v.unpaid(m) {
			x.nextPoll = v.c.Now() // looked for like any other, then
			continue
		}
		o, err := v.query(ctx, x)
		if err != nil {
			x.nextPoll = v.c.Now() + pollAfter[0] // looked for like any other
			continue
		}
		if err := v.found(ctx, x, &o); err != nil {
			return err
		}
	}
	return v.readBalances(ctx, m)
}

// overrun is what remains when frames were lost: every stream is made anew.
func (v *Venue) overrun() {
	v.o.Log("more arrived than could be read; all streams are opened again")
	for _, l := range []*link{v.links.spot, v.links.public, v.links.market, v.links.private, v.links.api} {
		if l != nil {
			v.again(l)
		}
	}
}

// hearUser takes an event of the account.
func (v *Venue) hearUser(ctx context.Context, f frame, data []byte, m wire.Market) error {
	if !v.started {
		v.early = append(v.early, f) // until it is known what is old
		return nil
	}
	ev, err := wire.DecodeUserEvent(data, m)
	if err != nil {
		v.o.Log(fmt.Sprintf("stream %s: %v; the account is read again", f.link.name, err))
		v.again(f.link)
		return nil
	}
	switch {
	case ev.Order != nil && (v.unpaid(m) || v.awaits(ev.Order)):
		v.later = append(v.later, ev.Order)
		return nil
	case ev.Order != nil:
		return v.orderNews(ctx, ev.Order)
	case ev.Balance != nil:
		if b := ev.Balance; b.Reason == "FUNDING_FEE" && len(b.Balances) > 0 {
			// The same event told twice is one payment.
			if key := ms(b.At) + " " + b.Balances[0].Amount; !v.feesSeen[key] {
				v.feesSeen[key] = true
				v.feesPaid++
			}
		}
		return v.mirror.take(ev.Balance)
	case ev.Kind == "listenKeyExpired", ev.Kind == "eventStreamTerminated", ev.Kind == "serverShutdown":
		v.o.Log(fmt.Sprintf("stream %s: %s; connecting again", f.link.name, ev.Kind))
		v.again(f.link)
	}
	return nil
}

// hearMarket takes a frame of the market's streams.
func (v *Venue) hearMarket(l *link, s *wire.Stream) error {
	m := &v.market
	market, leg := wire.Spot, carry.Spot
	if l != v.links.spot {
		market, leg = wire.Futures, carry.Perp
	}
	switch {
	case s.Name == marksStream:
		var err error
		if m.marks, err = wire.DecodeMarks(m.marks, s.Data); err != nil {
			return err
		}
		v.takeMarks()
	case strings.HasSuffix(s.Name, "@bookTicker"):
		b, err := wire.DecodeBook(s.Data)
		if err != nil {
			return err
		}
		if i, ok := v.symbols[market][b.Symbol]; ok {
			m.bid[leg][i], m.ask[leg][i], m.bookAt[leg][i] = b.Bid, b.Ask, v.c.Now()
		}
	case strings.Contains(s.Name, "@kline_"):
		k, err := wire.DecodeStreamKline(s.Data)
		if err != nil {
			return err
		}
		i, ok := v.symbols[market][k.Symbol]
		switch {
		case !ok || k.Interval != v.o.Interval:
		case !(k.Close > 0):
			v.o.Log(fmt.Sprintf("stream %s: a bar of %s without a price; it is left out", l.name, k.Symbol))
		case k.Closed:
			m.bars[leg][i] = bar{at: k.At, close: k.Close, value: k.QuoteVolume}
		default:
			m.now[leg][i] = k.Close
		}
	}
	return nil
}

// listenKeyOf reads a listen key's answer.
func listenKeyOf(a *attempt) (string, error) {
	if a.status != 200 {
		b, _ := wire.DecodeError(a.body)
		return "", fmt.Errorf("%w: the futures account's stream cannot be opened: HTTP %d %s (%d)", ErrRefused, a.status, b.Msg, b.Code)
	}
	var j struct {
		Key string `json:"listenKey"`
	}
	if json.Unmarshal(a.body, &j) != nil || j.Key == "" {
		return "", fmt.Errorf("%w: no listenKey", wire.ErrFormat)
	}
	return j.Key, nil
}

func (v *Venue) readListenKey(a *attempt) error {
	key, err := listenKeyOf(a)
	if err == nil {
		v.key, v.keyAt = key, v.c.Now()
	}
	return err
}

// keepAliveEvery renews the listen key: it lives for an hour.
const keepAliveEvery = 25 * carry.Minute

// keepAlive renews the listen key when it is time. A key that is gone is made
// anew by the link, which is told to connect again.
func (v *Venue) keepAlive(ctx context.Context, now carry.Time) error {
	if v.key == "" || now-v.keyAt < keepAliveEvery {
		return nil
	}
	a := v.trader.listen(ctx, v.key)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	v.keyAt = now
	if a.status == 200 {
		return nil
	}
	v.o.Log(fmt.Sprintf("the listen key could not be kept alive (HTTP %d); connecting again", a.status))
	if a.status == 400 {
		if err := v.readListenKey(v.trader.listen(ctx, "")); err != nil {
			return err
		}
		v.again(v.links.private)
	}
	return nil
}
