package data

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"carry"
)

// number is a JSON number, or the same as text, as Binance and the dumps of
// other programs write it.
type number float64

// UnmarshalJSON refuses what is not a finite number.
func (n *number) UnmarshalJSON(b []byte) error {
	text := strings.Trim(string(b), `"`)
	if text == "null" {
		return nil
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
		return fmt.Errorf("%q is not a number", text)
	}
	*n = number(v)
	return nil
}

// infoFile is the part of an exchangeInfo answer that is kept.
type infoFile struct {
	ServerTime int64        `json:"serverTime"`
	Symbols    []infoSymbol `json:"symbols"`
}

type infoSymbol struct {
	Symbol         string       `json:"symbol"`
	Status         string       `json:"status"`
	ContractStatus string       `json:"contractStatus"`
	ContractType   string       `json:"contractType"`
	QuoteAsset     string       `json:"quoteAsset"`
	OnboardDate    int64        `json:"onboardDate"`
	DeliveryDate   int64        `json:"deliveryDate"`
	LiquidationFee number       `json:"liquidationFee"`
	Filters        []infoFilter `json:"filters"`
}

type infoFilter struct {
	FilterType  string `json:"filterType"`
	TickSize    number `json:"tickSize"`
	StepSize    number `json:"stepSize"`
	MinQty      number `json:"minQty"`
	MaxQty      number `json:"maxQty"`
	MinPrice    number `json:"minPrice"`
	MaxPrice    number `json:"maxPrice"`
	MinNotional number `json:"minNotional"` // spot
	MaxNotional number `json:"maxNotional"`
	ToMarket    *bool  `json:"applyToMarket"` // MIN_NOTIONAL
	MinToMarket *bool  `json:"applyMinToMarket"`
	MaxToMarket *bool  `json:"applyMaxToMarket"`
	Notional    number `json:"notional"` // perpetual
	Up          number `json:"multiplierUp"`
	Down        number `json:"multiplierDown"`
	BidUp       number `json:"bidMultiplierUp"`
	BidDown     number `json:"bidMultiplierDown"`
	AskUp       number `json:"askMultiplierUp"`
	AskDown     number `json:"askMultiplierDown"`
}

// ruleFact is one symbol's rules as recorded.
type ruleFact struct {
	symbol, status   string
	onboard, deliver carry.Time
	row              ruleRow
}

// parseInfo reads a recorded exchangeInfo answer; date is the one in the file's
// name and must be the day of serverTime, −1 for an answer that was just fetched. USDT spot symbols or USDT perpetuals
// are returned, sorted by symbol.
func parseInfo(src *source, date carry.Time, perp bool) ([]ruleFact, error) {
	var f infoFile
	if err := decodeJSON(src, &f); err != nil {
		return nil, err
	}
	at := carry.Time(f.ServerTime)
	if date >= 0 && at.Floor(carry.Day) != date {
		return nil, &FileError{src.path, 0, fmt.Sprintf("serverTime %d is not on %s, the date in the file's name", f.ServerTime, date.Date())}
	}
	var facts []ruleFact
	for i := range f.Symbols {
		s := &f.Symbols[i]
		if s.QuoteAsset != "USDT" || perp && s.ContractType != "PERPETUAL" {
			continue
		}
		row, err := s.rule()
		if err != nil {
			return nil, &FileError{src.path, 0, fmt.Sprintf("symbol %s: %v", s.Symbol, err)}
		}
		row.from, row.recorded = at, at
		status := s.Status
		if status == "" {
			status = s.ContractStatus
		}
		facts = append(facts, ruleFact{s.Symbol, status, carry.Time(s.OnboardDate), carry.Time(s.DeliveryDate), row})
	}
	if len(facts) == 0 {
		return nil, &FileError{src.path, 0, "no USDT symbols in it: is this an exchangeInfo answer?"}
	}
	slices.SortFunc(facts, func(a, b ruleFact) int { return strings.Compare(a.symbol, b.symbol) })
	for i := 1; i < len(facts); i++ {
		if facts[i].symbol == facts[i-1].symbol {
			return nil, &FileError{src.path, 0, "symbol " + facts[i].symbol + " is there twice"}
		}
	}
	return facts, nil
}

// rule collects the filters. Without PRICE_FILTER and LOT_SIZE a symbol's rules
// are unusable.
func (s *infoSymbol) rule() (ruleRow, error) {
	r := ruleRow{fee: float64(s.LiquidationFee), minOnMarket: true, maxOnMarket: true}
	for _, f := range s.Filters {
		switch f.FilterType {
		case "PRICE_FILTER":
			r.tick, r.minPrice, r.maxPrice = float64(f.TickSize), float64(f.MinPrice), float64(f.MaxPrice)
		case "LOT_SIZE":
			r.step, r.minQty, r.maxQty = float64(f.StepSize), float64(f.MinQty), float64(f.MaxQty)
		case "MARKET_LOT_SIZE":
			r.marketStep, r.marketMax = float64(f.StepSize), float64(f.MaxQty)
		case "MIN_NOTIONAL", "NOTIONAL":
			r.minNotional, r.maxNotional = float64(f.MinNotional+f.Notional), float64(f.MaxNotional)
			r.minOnMarket = told(f.ToMarket) && told(f.MinToMarket)
			r.maxOnMarket = told(f.MaxToMarket)
		case "PERCENT_PRICE":
			r.percentUp, r.percentDown = float64(f.Up), float64(f.Down)
		case "PERCENT_PRICE_BY_SIDE": // the narrower of both sides
			r.percentUp, r.percentDown = float64(min(f.BidUp, f.AskUp)), float64(max(f.BidDown, f.AskDown))
		}
	}
	if s.Symbol == "" {
		return r, fmt.Errorf("has no name")
	}
	if !(r.tick > 0) || !(r.step > 0) {
		return r, fmt.Errorf("PRICE_FILTER or LOT_SIZE is missing")
	}
	for _, v := range []float64{r.minQty, r.maxQty, r.marketStep, r.marketMax, r.minNotional, r.maxNotional, r.minPrice, r.maxPrice, r.percentUp, r.percentDown, r.fee} {
		if v < 0 {
			return r, fmt.Errorf("a filter is negative")
		}
	}
	return r, nil
}

// told is what a flag says; a rule that does not say it binds all orders.
func told(flag *bool) bool { return flag == nil || *flag }

// bracketJSON is one bracket in any of the spellings that were seen.
type bracketJSON struct {
	FloorA *number `json:"notionalFloor"`
	FloorB *number `json:"minNotional"`
	CapA   *number `json:"notionalCap"`
	CapB   *number `json:"maxNotional"`
	MMRA   *number `json:"maintenanceMarginRatio"`
	MMRB   *number `json:"maintenanceMarginRate"`
	Lever  number  `json:"maxLeverage"`
	Info   struct {
		Cum *number `json:"cum"`
	} `json:"info"`
}

// ladderFact is one symbol's brackets as recorded.
type ladderFact struct {
	symbol   string
	brackets []carry.Bracket // the last Cap as recorded, +Inf where not
}

// parseBrackets reads a dump of leverage brackets by market name, in any of
// three shapes: [[floor, rate], ...] without caps and cums, which are computed;
// notionalFloor and maintenanceMarginRatio; minNotional and
// maintenanceMarginRate. Only USDT perpetuals are kept.
func parseBrackets(src *source) ([]ladderFact, error) {
	var f map[string][]json.RawMessage
	if err := decodeJSON(src, &f); err != nil {
		return nil, err
	}
	var facts []ladderFact
	for name, list := range f {
		symbol, ok := bracketSymbol(name)
		if !ok {
			continue
		}
		bs, err := parseLadder(list)
		if err != nil {
			return nil, &FileError{src.path, 0, fmt.Sprintf("%s: %v", name, err)}
		}
		facts = append(facts, ladderFact{symbol, bs})
	}
	if len(facts) == 0 {
		return nil, &FileError{src.path, 0, "no USDT perpetuals in it: is this a bracket dump?"}
	}
	slices.SortFunc(facts, func(a, b ladderFact) int { return strings.Compare(a.symbol, b.symbol) })
	for i := 1; i < len(facts); i++ {
		if facts[i].symbol == facts[i-1].symbol {
			return nil, &FileError{src.path, 0, facts[i].symbol + " is there twice"}
		}
	}
	return facts, nil
}

// bracketSymbol turns BTC/USDT or BTC/USDT:USDT into BTCUSDT.
func bracketSymbol(name string) (string, bool) {
	name = strings.TrimSuffix(name, ":USDT")
	base, ok := strings.CutSuffix(name, "/USDT")
	return base + "USDT", ok && base != ""
}

func parseLadder(list []json.RawMessage) ([]carry.Bracket, error) {
	bs := make([]carry.Bracket, len(list))
	short := false
	for i, raw := range list {
		if len(raw) > 0 && raw[0] == '[' {
			var pair []number
			if err := json.Unmarshal(raw, &pair); err != nil {
				return nil, fmt.Errorf("bracket %d: %v", i+1, err)
			}
			if len(pair) != 2 {
				return nil, fmt.Errorf("bracket %d has %d figures, want floor and rate", i+1, len(pair))
			}
			bs[i] = carry.Bracket{Floor: float64(pair[0]), MMR: float64(pair[1])}
			short = true
			continue
		}
		var err error
		if bs[i], err = parseBracket(raw); err != nil {
			return nil, fmt.Errorf("bracket %d: %v", i+1, err)
		}
	}
	want := slices.Clone(bs)
	if err := checkLadder(want); err != nil {
		return nil, err
	}
	completeBrackets(want)
	if short {
		return want, nil
	}
	for i := range bs {
		// Recorded figures are rounded; a wrong one differs by far more.
		if d := math.Abs(bs[i].Cum - want[i].Cum); d > 0.01+float64(want[i].Cum*1e-6) {
			return nil, fmt.Errorf("bracket %d: cum %v, its floors and rates give %v", i+1, bs[i].Cum, want[i].Cum)
		}
		if i+1 < len(bs) && bs[i].Cap != bs[i+1].Floor {
			return nil, fmt.Errorf("bracket %d ends at %v, the next begins at %v", i+1, bs[i].Cap, bs[i+1].Floor)
		}
	}
	return bs, nil
}

func parseBracket(raw json.RawMessage) (carry.Bracket, error) {
	var j bracketJSON
	if err := json.Unmarshal(raw, &j); err != nil {
		return carry.Bracket{}, err
	}
	first := func(a, b *number) *number {
		if a != nil {
			return a
		}
		return b
	}
	floor, limit, rate := first(j.FloorA, j.FloorB), first(j.CapA, j.CapB), first(j.MMRA, j.MMRB)
	if floor == nil || rate == nil || j.Info.Cum == nil {
		return carry.Bracket{}, fmt.Errorf("floor, maintenance margin rate or cum is missing")
	}
	b := carry.Bracket{Floor: float64(*floor), Cap: math.Inf(1), MMR: float64(*rate), Cum: float64(*j.Info.Cum), MaxLeverage: float64(j.Lever)}
	if limit != nil {
		b.Cap = float64(*limit)
	}
	return b, nil
}

// checkLadder refuses ladders that no margin can be computed from.
func checkLadder(bs []carry.Bracket) error {
	if len(bs) == 0 {
		return fmt.Errorf("no brackets")
	}
	for i, b := range bs {
		switch {
		case i == 0 && b.Floor != 0:
			return fmt.Errorf("the first bracket begins at %v, want 0", b.Floor)
		case i > 0 && b.Floor <= bs[i-1].Floor:
			return fmt.Errorf("bracket %d begins at %v, not above the one before", i+1, b.Floor)
		case !(b.MMR > 0) || b.MMR > 1:
			return fmt.Errorf("bracket %d: maintenance margin rate %v", i+1, b.MMR)
		case i > 0 && b.MMR < bs[i-1].MMR:
			return fmt.Errorf("bracket %d: maintenance margin rate %v falls", i+1, b.MMR)
		case b.MaxLeverage < 0:
			return fmt.Errorf("bracket %d: leverage %v", i+1, b.MaxLeverage)
		}
	}
	return nil
}

// decodeJSON unmarshals a whole file; a syntax error is named with its line.
func decodeJSON(src *source, into any) error {
	err := json.Unmarshal(src.text, into)
	if err == nil {
		return nil
	}
	line := 0
	offset := int64(-1)
	switch e := err.(type) {
	case *json.SyntaxError:
		offset = e.Offset
	case *json.UnmarshalTypeError:
		offset = e.Offset
	}
	if offset >= 0 {
		line = 1 + strings.Count(string(src.text[:min(int(offset), len(src.text))]), "\n")
	}
	return &FileError{src.path, line, "bad JSON: " + err.Error()}
}
