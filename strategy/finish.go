package strategy

import (
	"fmt"

	"carry"
)

// Finish closes the record at the last cross-section seen and returns the
// result. The run's terms, warnings and manifest are the caller's to add.
func (r *Recorder) Finish(m *carry.Market) (*carry.Result, error) {
	if !r.started {
		return nil, fmt.Errorf("the run has no instant to record")
	}
	if err := r.checkBooks(m); err != nil {
		return nil, err
	}
	res := &r.res
	res.To = r.last
	res.Final = res.Curve.Equity[len(res.Curve.Equity)-1]
	if a := res.Curve.Account; a != nil {
		res.Final = a[len(a)-1]
	}
	res.Curve.Step = carry.Hour
	if n := len(res.Curve.Equity); n > 1 {
		res.Curve.Step = (res.To - res.From) / carry.Time(n-1)
	}
	spot, mark := r.book.Marks()
	equity, err := r.book.Equity(spot, mark)
	if err != nil {
		return nil, err
	}
	res.FinalExact = equity.Decimal(16).StringFixed(16)
	residual, err := r.book.Residual(spot, mark)
	if err != nil {
		return nil, err
	}
	res.Residual = residual.Decimal(16).StringFixed(16)
	total, err := r.book.Total(spot, mark)
	if err != nil {
		return nil, err
	}
	res.Attribution = total.Float()
	end := r.mark(r.last, res.Curve.Equity[len(res.Curve.Equity)-1])
	res.Years = r.yearRows(end)
	if res.Counts.Instants > 0 {
		res.Counts.MeanOpen = float64(r.openSum) / float64(res.Counts.Instants)
	}
	if err := r.coinRows(end); err != nil {
		return nil, err
	}
	if r.unlisted > 0 {
		res.Warnings = append(res.Warnings, carry.Warning{Code: "happenings-cut",
			Text: fmt.Sprintf("%d further decisions and events are not listed; decisions.jsonl has all", r.unlisted)})
	}
	return res, nil
}

// coinRows sums every pair that was ever held, and ends the trips that are open.
func (r *Recorder) coinRows(end yearMark) error {
	marks := append(r.years, end)
	for k := range r.held {
		r.collect(&r.held[k])
	}
	for i := range r.pairs {
		p := &r.pairRec[i]
		if p.fills == 0 {
			continue
		}
		if p.trip.open {
			if err := r.endTrip(int32(i), r.last, true); err != nil {
				return err
			}
		}
		a, err := r.book.Attribution(i, price(r.lastSpot[i]), price(r.lastMark[i]))
		if err != nil {
			return err
		}
		row := carry.CoinRow{Coin: r.pairs[i].Coin, Trips: p.trips, Fills: p.fills, HeldHours: p.heldHours,
			MaxNotional: p.maxValue, Attribution: a.Float()}
		if p.rateHours > 0 {
			row.MeanRate8h = p.rateSum / p.rateHours * 8
		}
		for k := range r.res.Years {
			row.FundingByYear = append(row.FundingByYear, marks[k+1].funding[i]-marks[k].funding[i])
		}
		r.res.Coins = append(r.res.Coins, row)
	}
	return nil
}
