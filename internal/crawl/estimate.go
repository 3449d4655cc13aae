package crawl

import (
	"math"

	"carry"
	"carry/data"
	"carry/internal/binance"
)

// Estimate is what a plan, or a part of it, costs.
type Estimate struct {
	Series, Rows, Files, Requests int
	SpotWeight, FuturesWeight     int
	FundingRequests               int
	Bytes                         int64
	Seconds                       float64 // at least, by the published limits
}

// Bytes of a row as REST sends it (performance.md §3, measured on synthetic
// rows).
const (
	klineBytes   = 163
	fundingBytes = 110
)

// Estimate sums up the series of a kind, "" for all.
func (p *Plan) Estimate(kind string) Estimate {
	var e Estimate
	for _, s := range p.Series {
		if kind == "" || s.Name.Kind == kind {
			e.Series++
			s.estimate(&e)
		}
	}
	if p.Rules && (kind == "" || kind == KindRules) {
		e.Requests++ // fundingInfo; exchangeInfo was asked for to make the plan
		e.FundingRequests++
	}
	e.Seconds = max(float64(e.SpotWeight)/float64(p.SpotLimit)*60, float64(e.FuturesWeight)/float64(p.FuturesLimit)*60,
		float64(e.FundingRequests)/450*300)
	return e
}

// fundingHours is the interval that is assumed where it is not known yet.
const fundingHours = 8

func (s *Series) estimate(e *Estimate) {
	step := s.Name.Step
	if step == 0 {
		step = fundingHours * carry.Hour
	}
	for _, f := range s.Files {
		e.Files++
		e.Requests += 2
		e.Bytes += f.Bytes
	}
	e.Rows += int(length(s.Missing) / step)
	if !s.rest {
		return
	}
	for _, m := range s.left() {
		n := int((m.To - m.From) / step)
		if n == 0 {
			continue
		}
		if s.Name.Step == 0 {
			pages := (n + binance.FundingPageRows - 1) / binance.FundingPageRows
			e.Requests += pages
			e.FundingRequests += pages
			e.Bytes += int64(n) * fundingBytes
			continue
		}
		kind := restKind[s.Name.Kind]
		e.Bytes += int64(n) * klineBytes
		for ; n > 0; n -= kind.PageRows() {
			e.Requests++
			w := kind.Weight(min(n, kind.PageRows()))
			if kind == binance.SpotKlines {
				e.SpotWeight += w
			} else {
				e.FuturesWeight += w
			}
		}
	}
}

// left is what is missing and not in the files.
func (s *Series) left() []data.Span {
	var out []data.Span
	for _, m := range s.Missing {
		for _, f := range s.Files {
			if f.Span.To <= m.From || f.Span.From >= m.To {
				continue
			}
			if f.Span.From > m.From {
				out = append(out, data.Span{From: m.From, To: f.Span.From})
			}
			m.From = f.Span.To
		}
		if m.From < m.To {
			out = append(out, m)
		}
	}
	return out
}

// units is the number of files and pages of a series, for progress.
func (s *Series) units() int {
	var e Estimate
	s.estimate(&e)
	return e.Requests - len(s.Files)
}

// MinTime is an estimate's seconds, rounded up.
func (e Estimate) MinTime() carry.Time { return carry.Time(math.Ceil(e.Seconds)) * carry.Second }
