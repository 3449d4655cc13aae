package wire

import (
	"math"

	"carry"
)

// Ladder is one symbol's brackets, lowest first; the last Cap as published.
type Ladder struct {
	Symbol   string
	Brackets []carry.Bracket
}

type ladderJSON struct {
	Symbol   *string       `json:"symbol"`
	Brackets []bracketJSON `json:"brackets"`
}

type bracketJSON struct {
	Tier     *int    `json:"bracket"`
	Leverage *figure `json:"initialLeverage"`
	Cap      *figure `json:"notionalCap"`
	Floor    *figure `json:"notionalFloor"`
	MMR      *figure `json:"maintMarginRatio"`
	Cum      *figure `json:"cum"`
}

// DecodeBrackets reads the answer of /fapi/v1/leverageBracket without symbol.
// Every ladder must begin at 0, be without holes, and its cum must follow from
// floors and rates (binance.md §2.6).
func DecodeBrackets(body []byte) ([]Ladder, error) {
	var rows []ladderJSON
	if err := decode(body, &rows); err != nil {
		return nil, err
	}
	if rows == nil {
		return nil, formatError("null where an array is expected")
	}
	out := make([]Ladder, 0, len(rows))
	for i := range rows {
		j := &rows[i]
		if f := lacking(j); f != "" {
			return nil, formatError("leverageBracket row %d has no %s", i+1, f)
		}
		l := Ladder{Symbol: *j.Symbol}
		for n := range j.Brackets {
			b := &j.Brackets[n]
			if f := lacking(b); f != "" {
				return nil, formatError("bracket %d of %s has no %s", n+1, clip([]byte(l.Symbol)), f)
			}
			if *b.Tier != n+1 {
				return nil, formatError("bracket %d of %s is numbered %d", n+1, clip([]byte(l.Symbol)), *b.Tier)
			}
			l.Brackets = append(l.Brackets, carry.Bracket{Floor: float64(*b.Floor), Cap: float64(*b.Cap), MMR: float64(*b.MMR),
				Cum: float64(*b.Cum), MaxLeverage: float64(*b.Leverage)})
		}
		if what := wrongLadder(l.Brackets); what != "" {
			return nil, formatError("brackets of %s: %s", clip([]byte(l.Symbol)), what)
		}
		out = append(out, l)
	}
	return out, nil
}

func wrongLadder(bs []carry.Bracket) string {
	if len(bs) == 0 || bs[0].Floor != 0 {
		return "they do not begin at 0"
	}
	cum := 0.0
	for i, b := range bs {
		if !(b.MMR > 0) || b.MMR > 1 || b.Cap <= b.Floor || b.MaxLeverage < 1 || b.MaxLeverage > 1000 {
			return "a figure is out of range"
		}
		if i == 0 {
			if b.Cum != 0 {
				return "the first cum is not 0"
			}
			continue
		}
		if b.Floor != bs[i-1].Cap || b.MMR < bs[i-1].MMR {
			return "a bracket does not follow the one before"
		}
		cum += float64(b.Floor * (b.MMR - bs[i-1].MMR))
		if math.Abs(b.Cum-cum) > 0.01+float64(cum*1e-6) {
			return "a cum does not follow from floors and rates"
		}
	}
	return ""
}
