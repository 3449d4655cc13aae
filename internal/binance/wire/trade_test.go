package wire

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"carry"
)

// tradeMessages are whole ones of the trading half; mandatory are the fields
// without which they are errors.
var tradeMessages = []struct {
	name, body string
	mandatory  string // paths, separated by spaces
	decode     func(body []byte) error
}{
	{"order", `{"symbol":"BTCUSDT","orderId":28,"clientOrderId":"crn-7","origQty":"0.010","executedQty":"0.000","status":"NEW","side":"SELL","avgPrice":"0"}`,
		"symbol orderId clientOrderId origQty executedQty status side", func(b []byte) error { _, err := DecodeOrder(b); return err }},
	{"orders", `[{"symbol":"BTCUSDT","orderId":28,"clientOrderId":"crn-7","origQty":"0.010","executedQty":"0.000","status":"NEW","side":"SELL"}]`,
		"0.symbol 0.orderId 0.clientOrderId 0.origQty 0.executedQty 0.status 0.side", func(b []byte) error { _, err := DecodeOrders(b); return err }},
	{"myTrades", `[{"symbol":"ETHUSDT","id":9,"orderId":3,"price":"1800.5","qty":"0.2","quoteQty":"360.1","commission":"0.0002","commissionAsset":"ETH","time":1685577600500,"isBuyer":true}]`,
		"0.symbol 0.id 0.orderId 0.price 0.qty 0.quoteQty 0.commission 0.commissionAsset 0.time 0.isBuyer", func(b []byte) error { _, err := DecodeTrades(b, Spot); return err }},
	{"userTrades", `[{"symbol":"ETHUSDT","id":9,"orderId":3,"price":"1800.5","qty":"0.2","quoteQty":"360.1","realizedPnl":"-1.5","commission":"0.18","commissionAsset":"USDT","time":1685577600500,"buyer":false}]`,
		"0.symbol 0.id 0.orderId 0.price 0.qty 0.quoteQty 0.realizedPnl 0.commission 0.commissionAsset 0.time 0.buyer", func(b []byte) error { _, err := DecodeTrades(b, Futures); return err }},
	{"executionReport", `{"e":"executionReport","E":1685577600501,"s":"ETHUSDT","c":"crn-7","S":"BUY","x":"TRADE","X":"FILLED","r":"NONE","i":3,"l":"0.2","z":"0.2","q":"0.2","L":"1800.5","n":"0.0002","N":"ETH","T":1685577600500,"t":9,"m":false,"Y":"360.1","C":""}`,
		"e s c S x X r i l z q L n T t m Y", func(b []byte) error { _, err := DecodeUserEvent(b, Spot); return err }},
	{"ORDER_TRADE_UPDATE", `{"e":"ORDER_TRADE_UPDATE","E":1685577600501,"T":1685577600500,"o":{"s":"ETHUSDT","c":"crn-8","S":"SELL","x":"TRADE","X":"FILLED","i":4,"l":"0.2","z":"0.2","q":"0.2","L":"1801","n":"0.18","N":"USDT","T":1685577600500,"t":10,"rp":"0","m":false}}`,
		"e o o.s o.c o.S o.x o.X o.i o.l o.z o.q o.L o.N o.T o.t o.rp o.m", func(b []byte) error { _, err := DecodeUserEvent(b, Futures); return err }},
	{"outboundAccountPosition", `{"e":"outboundAccountPosition","E":1685577600501,"B":[{"a":"USDT","f":"6000.5","l":"0.1"}]}`,
		"e E B B.0.a B.0.f B.0.l", func(b []byte) error { _, err := DecodeUserEvent(b, Spot); return err }},
	{"ACCOUNT_UPDATE", `{"e":"ACCOUNT_UPDATE","E":1685577600501,"a":{"m":"ORDER","B":[{"a":"USDT","wb":"3000.1"}],"P":[{"s":"ETHUSDT","pa":"-0.2","ps":"BOTH"}]}}`,
		"e E a a.m a.B a.B.0.a a.B.0.wb a.P a.P.0.s a.P.0.pa a.P.0.ps", func(b []byte) error { _, err := DecodeUserEvent(b, Futures); return err }},
	{"bookTicker", `{"u":1,"s":"ETHUSDT","b":"1800.1","B":"3","a":"1800.2","A":"2"}`, "s b a", func(b []byte) error { _, err := DecodeBook(b); return err }},
	{"kline", `{"e":"kline","k":{"t":1685574000000,"T":1685577599999,"s":"ETHUSDT","i":"1h","o":"1","h":"3","l":"1","c":"2","v":"5","q":"10","x":true}}`,
		"k k.t k.T k.s k.i k.o k.h k.l k.c k.v k.q k.x", func(b []byte) error { _, err := DecodeStreamKline(b); return err }},
	{"marks", `[{"e":"markPriceUpdate","E":1685577600000,"s":"ETHUSDT","p":"1800","i":"1801","r":"0.0001","T":1685606400000,"st":1}]`,
		"0.E 0.s 0.p 0.i 0.r 0.T", func(b []byte) error { _, err := DecodeMarks(nil, b); return err }},
	{"spot account", `{"balances":[{"asset":"USDT","free":"6000","locked":"0"}]}`, "balances balances.0.asset balances.0.free balances.0.locked",
		func(b []byte) error { _, err := DecodeSpotAccount(b); return err }},
	{"futures account", `{"assets":[{"asset":"USDT","walletBalance":"3000","maxWithdrawAmount":"2000"}],"positions":[{"symbol":"ETHUSDT","positionAmt":"-1","positionSide":"BOTH"}]}`,
		"assets assets.0.asset assets.0.walletBalance assets.0.maxWithdrawAmount positions positions.0.symbol positions.0.positionAmt positions.0.positionSide",
		func(b []byte) error { _, err := DecodeFuturesAccount(b); return err }},
	{"income", `[{"symbol":"ETHUSDT","incomeType":"FUNDING_FEE","income":"0.5","asset":"USDT","time":1685577600000,"tranId":5}]`,
		"0.symbol 0.incomeType 0.income 0.asset 0.time 0.tranId", func(b []byte) error { _, err := DecodeIncome(b); return err }},
	{"transfer", `{"tranId":13526853623}`, "tranId", func(b []byte) error { _, err := DecodeTransferAnswer(b); return err }},
	{"transfers", `{"total":1,"rows":[{"asset":"USDT","amount":"1","type":"MAIN_UMFUTURE","status":"CONFIRMED","tranId":114,"timestamp":1685577600000}]}`,
		"total rows rows.0.amount rows.0.status rows.0.tranId rows.0.timestamp", func(b []byte) error { _, err := DecodeTransfers(b); return err }},
	{"apiRestrictions", `{"ipRestrict":true,"enableReading":true,"enableWithdrawals":false,"enableInternalTransfer":false,"enableMargin":false,"enableFutures":true,"permitsUniversalTransfer":true,"enableSpotAndMarginTrading":true}`,
		"ipRestrict enableReading enableWithdrawals enableInternalTransfer enableMargin enableFutures permitsUniversalTransfer enableSpotAndMarginTrading",
		func(b []byte) error { _, err := DecodeRestrictions(b); return err }},
}

// Without a mandatory field, with null or another type in it, a message is an
// error and never a zero: an order that is misread is an order sent twice.
func TestTradeMessagesAreStrict(t *testing.T) {
	tried := 0
	for _, m := range tradeMessages {
		if err := m.decode([]byte(m.body)); err != nil {
			t.Fatalf("%s: %v", m.name, err)
		}
		for _, junk := range []string{"", "null", "{}", "[{}]", "x", "[]x", `{"code":-1007,"msg":"Timeout"}`} {
			if err := m.decode([]byte(junk)); err == nil || !errors.Is(err, ErrFormat) {
				t.Errorf("%s: %q gives %v", m.name, junk, err)
			}
		}
		d := json.NewDecoder(strings.NewReader(m.body))
		d.UseNumber()
		var whole any
		if err := d.Decode(&whole); err != nil {
			t.Fatal(err)
		}
		for _, p := range strings.Fields(m.mandatory) {
			for _, with := range []any{removed{}, nil, strange(at(whole, p)), map[string]any{}, []any{"x"}} {
				text, err := json.Marshal(change(whole, p, with))
				if err != nil {
					t.Fatal(err)
				}
				tried++
				if err := m.decode(text); err == nil || !errors.Is(err, ErrFormat) {
					t.Errorf("%s: %s = %v: error %v\n%s", m.name, p, with, err, text)
				}
			}
		}
	}
	if tried < 400 {
		t.Errorf("only %d mutations", tried)
	}
	t.Logf("%d mutations", tried)
}

// strange is a value of another type; digits in quotes pass for a number.
func strange(v any) any {
	switch v.(type) {
	case string:
		return json.Number("7")
	case bool:
		return "true"
	}
	return "x"
}

// Whatever comes over a stream, decoding it ends without a panic, and amounts
// that are accepted come back as they were written.
func FuzzUserEvent(f *testing.F) {
	for _, m := range tradeMessages {
		f.Add([]byte(m.body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, market := range []Market{Spot, Futures} {
			ev, err := DecodeUserEvent(body, market)
			if err != nil || ev.Balance == nil {
				continue
			}
			for _, h := range ev.Balance.Balances {
				w, err := Coins(h.Amount)
				if err == nil {
					if again, err := Coins(w.Decimal(8).StringFixed(8)); err != nil || again != w {
						t.Fatalf("%q became %s", h.Amount, w)
					}
				}
			}
		}
		for _, m := range tradeMessages {
			_ = m.decode(body)
		}
	})
}

// Quantities are exact: what does not fit is an error, and text comes back.
func TestQuantitiesAreExact(t *testing.T) {
	for text, want := range map[string]carry.Qty{"0.010": 10, "-1.5": -1500, "9223372036854775.807": 9223372036854775807} {
		if q, err := Qty(text, 3); err != nil || q != want {
			t.Errorf("%s: %d, %v", text, q, err)
		}
	}
	for _, text := range []string{"0.0001", "1e3", "", "NaN", "9223372036854775.808", "0x10"} {
		if q, err := Qty(text, 3); err == nil {
			t.Errorf("%q was taken for %d", text, q)
		}
	}
	if got := QtyText(10, 3); got != "0.01" {
		t.Errorf("10 thousandths are written %s", got)
	}
}
