package wire

import (
	"math"

	"carry"
)

// FundingRate is one settled funding rate as the exchange published it.
type FundingRate struct {
	Symbol string
	At     carry.Time // as stamped; jitters by milliseconds
	Rate   carry.SettledRate
	// Mark is the mark price at the settlement, USDT; NaN in old rows.
	Mark float64
	// Hours is the interval since the settlement before; NaN where the source
	// does not tell (REST).
	Hours float64
	// Special settlements (extra funding, dividends) exist since 2026-07-24.
	Special bool
}

type fundingRateJSON struct {
	Symbol *string `json:"symbol"`
	At     *stamp  `json:"fundingTime"`
	Rate   *string `json:"fundingRate"`
	// Old rows lack the mark price, or have it empty.
	Mark optionalNumber `json:"markPrice"`
	Type optionalText   `json:"rateType"`
}

// optionalNumber is a number as text, empty text, or absent; null and other
// types are errors.
type optionalNumber struct {
	value float64
	set   bool
}

// UnmarshalJSON implements the above.
func (o *optionalNumber) UnmarshalJSON(b []byte) error {
	if string(b) == `""` {
		return nil
	}
	var n number
	err := n.UnmarshalJSON(b)
	o.value, o.set = float64(n), err == nil
	return err
}

// optionalText is text or absent.
type optionalText struct{ value string }

// UnmarshalJSON implements the above.
func (o *optionalText) UnmarshalJSON(b []byte) error {
	if len(b) < 2 || b[0] != '"' {
		return formatError("%s where text is expected", clip(b))
	}
	o.value = string(b[1 : len(b)-1])
	return nil
}

// DecodeFundingRates reads the answer of /fapi/v1/fundingRate. dst is reused.
// Rows must not descend by time.
func DecodeFundingRates(dst []FundingRate, body []byte) ([]FundingRate, error) {
	var rows []fundingRateJSON
	if err := decode(body, &rows); err != nil {
		return nil, err
	}
	if rows == nil {
		return nil, formatError("null where an array is expected")
	}
	dst = dst[:0]
	for i := range rows {
		j := &rows[i]
		if f := lacking(j); f != "" {
			return nil, formatError("funding row %d has no %s", i+1, f)
		}
		rate, err := carry.ParseFixed(*j.Rate)
		if err != nil {
			return nil, formatError("fundingRate: %v", err)
		}
		r := FundingRate{Symbol: *j.Symbol, At: carry.Time(*j.At), Rate: carry.SettledRate(rate), Mark: math.NaN(), Hours: math.NaN()}
		if j.Mark.set && j.Mark.value != 0 {
			r.Mark = j.Mark.value
		}
		switch j.Type.value {
		case "", "Regular", "REGULAR":
		case "Special", "SPECIAL":
			r.Special = true
		default:
			return nil, formatError("rateType %q is not known", clip([]byte(j.Type.value)))
		}
		if n := len(dst); n > 0 && r.At < dst[n-1].At {
			return nil, formatError("the settlement of %s comes after the one of %s", r.At, dst[n-1].At)
		}
		dst = append(dst, r)
	}
	return dst, nil
}

// FundingInfo is one symbol's adjusted cap, floor and interval. Symbols that
// are not listed have the defaults: 8 hours, cap by the first bracket.
type FundingInfo struct {
	Symbol     string
	Cap, Floor float64 // fraction per settlement
	Hours      int
}

type fundingInfoJSON struct {
	Symbol *string `json:"symbol"`
	Cap    *number `json:"adjustedFundingRateCap"`
	Floor  *number `json:"adjustedFundingRateFloor"`
	Hours  *int    `json:"fundingIntervalHours"`
}

// DecodeFundingInfo reads the answer of /fapi/v1/fundingInfo.
func DecodeFundingInfo(body []byte) ([]FundingInfo, error) {
	var rows []fundingInfoJSON
	if err := decode(body, &rows); err != nil {
		return nil, err
	}
	if rows == nil {
		return nil, formatError("null where an array is expected")
	}
	out := make([]FundingInfo, 0, len(rows))
	for i := range rows {
		j := &rows[i]
		if f := lacking(j); f != "" {
			return nil, formatError("fundingInfo row %d has no %s", i+1, f)
		}
		r := FundingInfo{*j.Symbol, float64(*j.Cap), float64(*j.Floor), *j.Hours}
		if r.Hours < 1 || r.Hours > 24 || r.Cap < 0 || r.Floor > 0 {
			return nil, formatError("fundingInfo of %s: interval %d h, cap %v, floor %v", clip([]byte(r.Symbol)), r.Hours, r.Cap, r.Floor)
		}
		out = append(out, r)
	}
	return out, nil
}
