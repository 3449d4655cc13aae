package exchange

import (
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"carry"
)

// recordedSymbol is what is read of a recorded symbol object; the rest of it is
// served as it is.
type recordedSymbol struct {
	Symbol   string     `json:"symbol"`
	Status   string     `json:"status"`
	Onboard  carry.Time `json:"onboardDate"`
	Delivery carry.Time `json:"deliveryDate"`
}

// looseNumber is a number that some recordings quote and others do not.
type looseNumber string

// UnmarshalJSON takes either form.
func (n *looseNumber) UnmarshalJSON(text []byte) error {
	*n = looseNumber(strings.Trim(string(text), `"`))
	return nil
}

type datedBrackets struct {
	from     carry.Time
	brackets []Bracket
}

// readRules reads the recorded exchangeInfo and bracket files.
func (f *FolderFacts) readRules() error {
	for m, prefix := range [marketCount]string{"spot", "fapi"} {
		f.rules[m] = map[string][]DatedRules{}
		paths, dates, err := datedFiles(filepath.Join(f.dir, "exchange_info"), prefix)
		if err != nil {
			return err
		}
		for i, path := range paths {
			var info struct {
				Symbols []json.RawMessage `json:"symbols"`
			}
			if err := readJSON(path, &info); err != nil {
				return err
			}
			for _, raw := range info.Symbols {
				var r recordedSymbol
				if err := json.Unmarshal(raw, &r); err != nil {
					return fmt.Errorf("read rules %s: %w", path, err)
				}
				rules := plainRules()
				rules.Recorded = raw
				f.rules[m][r.Symbol] = append(f.rules[m][r.Symbol], DatedRules{From: dates[i], Rules: rules})
			}
		}
	}
	paths, dates, err := datedFiles(filepath.Join(f.dir, "leverage_brackets"), "brackets")
	if err != nil {
		return err
	}
	for i, path := range paths {
		var file map[string][]json.RawMessage
		if err := readJSON(path, &file); err != nil {
			return err
		}
		for _, name := range sortedKeys(file) {
			b, err := readBrackets(file[name])
			if err != nil {
				return fmt.Errorf("brackets of %s in %s: %w", name, path, err)
			}
			symbol, _, _ := strings.Cut(name, ":") // BTC/USDT:USDT
			symbol = strings.ReplaceAll(symbol, "/", "")
			f.brackets[symbol] = append(f.brackets[symbol], datedBrackets{dates[i], b})
		}
	}
	return nil
}

// readBrackets reads a ladder in either form: [floor, "rate"] with nothing
// else, or an object whose info holds Binance's own strings.
func readBrackets(rows []json.RawMessage) ([]Bracket, error) {
	out := make([]Bracket, len(rows))
	for i, raw := range rows {
		b := &out[i]
		var short []json.RawMessage
		if json.Unmarshal(raw, &short) == nil {
			if len(short) != 2 {
				return nil, fmt.Errorf("row %d has %d columns, not 2", i+1, len(short))
			}
			rate := strings.Trim(string(short[1]), `"`)
			if err := numbers([]string{string(short[0]), rate}, &b.Floor, &b.MMR); err != nil {
				return nil, err
			}
			b.Leverage = int(math.Max(1, math.Floor(0.5/b.MMR))) // not told: half the inverse of the margin rate
			continue
		}
		var long struct {
			Info struct{ InitialLeverage, NotionalCap, NotionalFloor, MaintMarginRatio, Cum looseNumber } `json:"info"`
		}
		if err := json.Unmarshal(raw, &long); err != nil {
			return nil, err
		}
		in := &long.Info
		var leverage float64
		err := numbers([]string{string(in.NotionalFloor), string(in.NotionalCap), string(in.MaintMarginRatio), string(in.Cum), string(in.InitialLeverage)},
			&b.Floor, &b.Cap, &b.MMR, &b.Cum, &leverage)
		if err != nil {
			return nil, err
		}
		b.Leverage = int(leverage)
	}
	completeBrackets(out)
	return out, nil
}

// completeBrackets fills caps and cum where the source has only floors:
// cum_n = cum_{n−1} + floor_n × (MMR_n − MMR_{n−1}) (binance.md §2.6).
func completeBrackets(b []Bracket) {
	for i := range b {
		if b[i].Cap != 0 {
			continue
		}
		b[i].Cap = 1e9
		if i+1 < len(b) {
			b[i].Cap = b[i+1].Floor
		}
		if i > 0 {
			b[i].Cum = b[i-1].Cum + b[i].Floor*(b[i].MMR-b[i-1].MMR)
		}
	}
}

// numbers parses texts into places.
func numbers(texts []string, places ...*float64) error {
	for i, p := range places {
		v, err := strconv.ParseFloat(texts[i], 64)
		if err != nil {
			return err
		}
		*p = v
	}
	return nil
}
