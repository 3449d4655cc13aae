package strategy

import (
	"carry"
	"carry/internal/book"
)

// yearMark is the state of the books where a year begins.
type yearMark struct {
	year        int
	at          carry.Time
	equity      float64
	peak, worst float64
	total       book.Attribution
	funding     []float64 // by pair, net of payments, since the run began
}

func (r *Recorder) mark(at carry.Time, equity float64) yearMark {
	y := yearMark{year: at.Year(), at: at, equity: equity, peak: equity, funding: make([]float64, len(r.pairs))}
	spot, mark := r.book.Marks()
	// Prices of held legs were checked by the caller; a book without positions
	// needs none.
	y.total, _ = r.book.Total(spot, mark)
	for i := range r.pairs {
		p := r.book.Parts(i)
		y.funding[i] = usdt(p.FundingReceived) + usdt(p.FundingPaid)
	}
	return y
}

func usdt(w carry.Wide) float64 { return w.Float() / 1e16 }

// yearRows closes the marks at the run's end. Annual figures are the caller's
// to add: compounding needs functions that hashed code may not use.
func (r *Recorder) yearRows(end yearMark) []carry.YearRow {
	marks := append(r.years, end)
	rows := make([]carry.YearRow, 0, len(r.years))
	for k := range r.years {
		a, b := &marks[k], &marks[k+1]
		if a.at == b.at {
			continue // the run ends where this year begins
		}
		total := b.total.Sub(a.total)
		row := carry.YearRow{Year: a.year, From: a.at, To: b.at, Return: b.equity/a.equity - 1,
			MaxDrawdown: a.worst, Attribution: total.Float()}
		rows = append(rows, row)
	}
	return rows
}
