package wire

import (
	"math"
	"strings"

	"carry"

	"github.com/shopspring/decimal"
)

// Qty reads decimal text as quanta of 10^-dp; what is finer or larger is an
// error.
func Qty(text string, dp int8) (carry.Qty, error) {
	if text == "" || len(text) > textMax || strings.Trim(text, "0123456789.-") != "" {
		return 0, formatError("%q is no quantity", clip([]byte(text)))
	}
	d, err := decimal.NewFromString(text)
	if err != nil {
		return 0, formatError("%q is no quantity", clip([]byte(text)))
	}
	q := d.Shift(int32(dp))
	if !q.IsInteger() || !q.BigInt().IsInt64() {
		return 0, formatError("%q does not fit quanta of 1e-%d", clip([]byte(text)), dp)
	}
	return carry.Qty(q.IntPart()), nil
}

// Quanta reads a bound on quantities as quanta of 10^-dp, rounding what does not
// fit away from harm: minima and steps up, maxima down; what overflows is no
// bound. Text that is not there is none either.
func Quanta(text string, dp int8, up bool) (carry.Qty, error) {
	if text == "" {
		return 0, nil
	}
	if len(text) > textMax || strings.Trim(text, "0123456789.") != "" {
		return 0, formatError("%q is no quantity", clip([]byte(text)))
	}
	d, err := decimal.NewFromString(text)
	if err != nil {
		return 0, formatError("%q is no quantity", clip([]byte(text)))
	}
	if d = d.Shift(int32(dp)); up {
		d = d.Ceil()
	} else {
		d = d.Floor()
	}
	if !d.BigInt().IsInt64() {
		return math.MaxInt64, nil
	}
	return carry.Qty(d.IntPart()), nil
}

// QtyText writes quanta of 10^-dp as the exchange wants them.
func QtyText(q carry.Qty, dp int8) string { return decimal.New(int64(q), -int32(dp)).String() }

// PriceText writes a price without trailing zeros.
func PriceText(p carry.Price) string { return decimal.New(int64(p), -8).String() }

// Coins reads decimal text as 1e-8 coins.
func Coins(text string) (carry.Wide, error) {
	if text == "" || len(text) > textMax || strings.Trim(text, "0123456789.-") != "" {
		return carry.Wide{}, formatError("%q is no amount", clip([]byte(text)))
	}
	d, err := decimal.NewFromString(text)
	if err != nil || !d.Shift(8).IsInteger() {
		return carry.Wide{}, formatError("%q is no amount", clip([]byte(text)))
	}
	b := d.Shift(8).BigInt()
	if b.BitLen() > 126 {
		return carry.Wide{}, formatError("%q is too large", clip([]byte(text)))
	}
	neg := b.Sign() < 0
	b.Abs(b)
	lo := b.Uint64()
	hi := b.Rsh(b, 64).Int64()
	w := carry.Wide{Hi: hi, Lo: lo}
	if neg {
		w = w.Neg()
	}
	return w, nil
}

// Order is one order as answers and queries tell it. Quantities are text in the
// symbol's own decimals.
type Order struct {
	Symbol, Client, Status, Side string
	ID                           int64
	OrigQty, Executed            string
}

// DecodeOrder reads what placing, cancelling or querying an order answers. An
// answer without an order's number is no answer: status 200 with {} or an error
// in it has happened.
func DecodeOrder(body []byte) (Order, error) {
	f := readFields(body)
	o := Order{}
	f.readOrder(&o)
	return o, f.err
}

func (f *fields) readOrder(o *Order) {
	o.Symbol, o.Client, o.Status, o.Side, o.ID = f.text("symbol"), f.text("clientOrderId"), f.text("status"), f.text("side"), f.integer("orderId")
	o.OrigQty, o.Executed = f.text("origQty"), f.text("executedQty")
	if f.err == nil && (o.ID <= 0 || o.Status == "" || o.Client == "") {
		f.err = formatError("an order without number, name or status")
	}
}

// DecodeOrders reads a list of orders.
func DecodeOrders(body []byte) ([]Order, error) {
	var out []Order
	err := objects(body, func(f *fields) {
		o := Order{}
		f.readOrder(&o)
		out = append(out, o)
	})
	return out, err
}

// DecodeTrades reads myTrades or userTrades. Only what identifies and books a
// trade is read; the order's name is not in it.
func DecodeTrades(body []byte, m Market) ([]OrderNews, error) {
	var out []OrderNews
	err := objects(body, func(f *fields) {
		n := OrderNews{Market: m, Symbol: f.text("symbol"), ID: f.integer("orderId"), TradeID: f.integer("id"), At: f.moment("time"),
			LastQty: f.text("qty"), Price: carry.Price(f.fixed("price")), FeeAsset: f.text("commissionAsset"), Fee: f.text("commission"),
			Quote: carry.Amount(f.fixed("quoteQty")), Execution: "TRADE"}
		buyer := "isBuyer"
		if m == Futures {
			buyer = "buyer"
			n.Realised = carry.Amount(f.fixed("realizedPnl"))
		}
		n.Side = carry.Sell
		if f.truth(buyer) {
			n.Side = carry.Buy
		}
		out = append(out, n)
	})
	return out, err
}
