package lab

import (
	"context"
	"math"

	"carry"
	"carry/reports"
)

// aloneEvery and aloneDays say which books are watched without a keeper.
const aloneEvery = 7

var aloneDays = [...]int{30, 90, 365}

// Facts collects from the blocks of a run what the report says about the market:
// daily funding of every coin, and what becomes of books that nobody looks
// after.
type Facts struct {
	info     *carry.TapeInfo
	from     carry.Time
	leverage float64
	mmr      float64
	funding  [][]float64
	// priced[i] is coin i's last mark or, without marks, perpetual close.
	priced []float64
	open   []aloneBook
	rows   [len(aloneDays)]reports.AloneRow
}

// aloneBook is an equal-weight book: per coin its price at the start, NaN for
// one that did not trade.
type aloneBook struct {
	start  carry.Time
	base   []float64
	coins  float64
	passed int // how many of aloneDays are over
}

// NewFacts watches a run of spec that starts trading at from. The books that
// are left alone have the run's target leverage.
func NewFacts(spec *Spec) *Facts {
	f := &Facts{leverage: 2, mmr: carry.MaintenanceMargin(nil, 1)}
	for _, p := range spec.Settings.Table() {
		if p.Name == "leverageTargetX" {
			f.leverage = *p.Float
		}
	}
	for k, d := range aloneDays {
		f.rows[k].Days = d
	}
	return f
}

// Block takes the next block over.
func (f *Facts) Block(info *carry.TapeInfo, from carry.Time, b *carry.Block) {
	if f.info == nil {
		f.info, f.from = info, from
		f.priced = make([]float64, len(info.Pairs))
		f.funding = make([][]float64, len(info.Pairs))
		days := int((info.To-from+carry.Day-1)/carry.Day) + 1
		for i := range f.funding {
			f.funding[i] = make([]float64, days)
			f.priced[i] = math.NaN()
			for d := range f.funding[i] {
				f.funding[i][d] = math.NaN()
			}
		}
	}
	for k := range b.Settled {
		s := &b.Settled[k]
		if s.At < f.from {
			continue
		}
		day := &f.funding[s.Pair][int((s.At-f.from)/carry.Day)]
		if math.IsNaN(*day) {
			*day = 0
		}
		*day += s.Rate.Float()
	}
	for r := range b.N {
		f.bar(b, r)
	}
}

// bar opens the book that is due and holds the open ones against the bar.
func (f *Facts) bar(b *carry.Block, r int) {
	at := b.Start + carry.Time(r)*b.Step
	if at < f.from {
		return
	}
	if (at-f.from)%(aloneEvery*carry.Day) == 0 {
		f.start(b, r, at)
	}
	if len(f.open) == 0 {
		return
	}
	high, last := b.MarkHigh[r*b.P:(r+1)*b.P], b.MarkClose[r*b.P:(r+1)*b.P]
	for i := range f.priced {
		if math.IsNaN(high[i]) {
			high = b.Perp.High[r*b.P : (r+1)*b.P]
			last = b.Perp.Close[r*b.P : (r+1)*b.P]
			break
		}
	}
	// Liquidated where 1/L − (level − 1) < mmr·level.
	limit := (1 + 1/f.leverage) / (1 + f.mmr)
	kept := f.open[:0]
	for _, book := range f.open {
		level := 0.0
		for i, base := range book.base {
			if base == base {
				x := high[i]
				if math.IsNaN(x) {
					x = f.priced[i]
				}
				level += x / base
			}
		}
		if f.watch(&book, level/book.coins >= limit, at) {
			kept = append(kept, book)
		}
	}
	f.open = kept
	for i, x := range last {
		if x == x {
			f.priced[i] = x
		}
	}
}

// start opens a book of what trades on both legs at the bar's beginning.
func (f *Facts) start(b *carry.Block, r int, at carry.Time) {
	book := aloneBook{start: at, base: make([]float64, b.P)}
	for i := range book.base {
		k := r*b.P + i
		price := b.MarkOpen[k]
		if math.IsNaN(price) {
			price = b.Perp.Open[k]
		}
		if math.IsNaN(b.Spot.Open[k]) || math.IsNaN(price) {
			book.base[i] = math.NaN()
			continue
		}
		book.base[i] = price
		f.priced[i] = price
		book.coins++
	}
	if book.coins > 0 {
		f.open = append(f.open, book)
	}
}

// watch counts a book whose fate is decided for one of the spans and tells
// whether it goes on. A book that the data do not watch to the end of a span
// does not count for it.
func (f *Facts) watch(book *aloneBook, liquidated bool, at carry.Time) bool {
	for book.passed < len(aloneDays) {
		end := book.start + carry.Time(aloneDays[book.passed])*carry.Day
		if !liquidated && at < end {
			return true
		}
		if end > f.info.To {
			return false // nobody knows what would have been
		}
		row := &f.rows[book.passed]
		row.Starts++
		if liquidated {
			row.Liquidated++
		}
		book.passed++
	}
	return false
}

// Report is what was collected; nil where nothing was.
func (f *Facts) Report() *reports.MarketFacts {
	if f.info == nil {
		return nil
	}
	out := &reports.MarketFacts{Funding: f.funding, Alone: f.rows[:], LeverageX: f.leverage, EveryDays: aloneEvery}
	for i := range f.info.Pairs {
		out.Coins = append(out.Coins, f.info.Pairs[i].Coin)
	}
	return out
}

// capacities are the capitals of the curve, USDT.
var capacities = [...]string{"10000", "100000", "1000000", "10000000", "100000000"}

// Capacity repeats a run with other capitals, all in one pass over the tape.
// Limits that were given in USDT stay as they are.
func Capacity(ctx context.Context, spec func() (*Spec, error)) ([]reports.CapacityPoint, error) {
	s := &Sweep{Axes: []Axis{{Name: "capitalUSDT", Values: capacities[:]}}, Chunk: len(capacities), Workers: 1, NoJournal: true,
		Base: func(string, string) (*Spec, error) { return spec() }}
	trials, err := s.Run(ctx)
	if err != nil {
		return nil, err
	}
	var out []reports.CapacityPoint
	for k := range trials {
		t := &trials[k]
		p := reports.CapacityPoint{Err: t.Err}
		base, err := spec()
		if err != nil {
			return nil, err
		}
		if err := base.Set("capitalUSDT", capacities[k]); err != nil {
			return nil, err
		}
		p.CapitalUSDT = base.Models.CapitalUSDT
		if r := t.Result; r != nil {
			years := float64(r.To-r.From) / float64(365*carry.Day)
			a := &r.Attribution
			p.Annual, p.Exposure = Annual(r.Final/r.Capital-1, r.To-r.From), t.Exposure
			p.Slippage = -a.Slippage / r.Capital / years
			p.Cost = p.Slippage - (a.SpotFees+a.PerpFees)/r.Capital/years
		}
		out = append(out, p)
	}
	return out, nil
}
