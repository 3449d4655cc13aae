package exchange

import (
	"slices"

	"carry"
)

// filePlan is what is wrong with a file: for good, each time it is asked for.
type filePlan struct {
	rules []FaultRule
	seed  uint64
	old   bool // a republished file before it was
}

func (p filePlan) has(kind FaultKind) bool {
	return slices.ContainsFunc(p.rules, func(r FaultRule) bool { return r.Kind == kind })
}

// version separates a file's contents before and after it was republished.
func (p filePlan) version() string {
	if p.old {
		return "?old"
	}
	return ""
}

// plan decides, once for each file, what is wrong with it.
func (b *faultBook) plan(f *archiveFile, now carry.Time) filePlan {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := filePlan{seed: b.seed}
	path := "/" + f.key()
	for i := range b.rules {
		r := &b.rules[i]
		if r.stage != stageRows && r.stage != stageFile || !r.matches(archiveHost, path, "") {
			continue
		}
		if r.FaultRule.Kind == FaultIntervalChange && r.At >= f.to || r.FaultRule.Kind == FaultTickerReuse && b.ghosts(f) == 0 {
			continue // nothing to spoil
		}
		hit, decided := r.files[path]
		if !decided {
			hit = b.hits(r, path)
			r.files[path] = hit
		}
		if hit {
			p.rules = append(p.rules, r.FaultRule)
			p.old = p.old || r.FaultRule.Kind == FaultRepublished && now < r.At
		}
	}
	return p
}

// ghostRows is how long an archive went on after a contract's delivery: 417
// rows of one ticker (binance.md §1.4).
const ghostRows = 417

// ghosts is the delivery after which a file can go on, 0 if there is none in
// its reach.
func (b *faultBook) ghosts(f *archiveFile) carry.Time {
	for _, s := range b.facts.Symbols(f.series.Kind.Market()) {
		if s.Name == f.series.Symbol && s.Delivery != 0 && s.Delivery < f.to && s.Delivery+ghostRows*b.facts.Step() > f.from {
			return s.Delivery
		}
	}
	return 0
}

// served counts the faults of a file that goes out.
func (b *faultBook) served(f *archiveFile) {
	b.mu.Lock()
	defer b.mu.Unlock()
	path := "/" + f.key()
	for i := range b.rules {
		if r := &b.rules[i]; r.files[path] {
			b.count[r.FaultRule.Kind]++
		}
	}
}

// modified is when a file was last published.
func (b *faultBook) modified(f *archiveFile, now carry.Time) carry.Time {
	at := f.published()
	for _, r := range b.plan(f, now).rules {
		if r.Kind == FaultRepublished && now >= r.At {
			at = max(at, r.At)
		}
	}
	return at
}

// klines spoils a file's rows.
func (p filePlan) klines(rows []Kline, s Series) []Kline {
	for _, r := range p.rules {
		rows = spoilKlines(rows, r.Kind)
	}
	if p.old && len(rows) > 1 {
		rows = slices.Clone(rows[:len(rows)-1])
		rows[0].Close = rows[0].Open
	}
	return rows
}

// funding spoils a file's settlements.
func (p filePlan) funding(rows []Funding, symbol string) []Funding {
	for i := range p.rules {
		rows = spoilFunding(rows, &p.rules[i], symbol, p.seed)
	}
	if p.old && len(rows) > 1 {
		rows = rows[:len(rows)-1]
	}
	return rows
}

// rowFaults are the faults of rows that hit a REST request whose last row is of
// a time.
func (b *faultBook) rowFaults(q *query, last carry.Time) []FaultRule {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []FaultRule
	for i := range b.rules {
		r := &b.rules[i]
		if r.FaultRule.Kind == FaultIntervalChange && r.At >= last {
			continue // nothing to spoil
		}
		if r.stage == stageRows && r.matches(host(q.market), q.path, q.rawQuery) && b.hits(r, q.path+"?"+q.rawQuery) {
			b.count[r.FaultRule.Kind]++
			out = append(out, r.FaultRule)
		}
	}
	return out
}

// klines spoils the rows of a REST answer.
func (b *faultBook) klines(rows []Kline, _ Series, q *query) []Kline {
	if len(b.rules) == 0 || len(rows) == 0 {
		return rows
	}
	for _, r := range b.rowFaults(q, rows[len(rows)-1].At) {
		rows = spoilKlines(rows, r.Kind)
	}
	return rows
}

// funding spoils the settlements of a REST answer; the page keeps its bounds.
func (b *faultBook) funding(rows []Funding, symbol string, q *query, from carry.Time, limit int) []Funding {
	if len(b.rules) == 0 || len(rows) == 0 {
		return rows
	}
	faults := b.rowFaults(q, rows[len(rows)-1].At)
	for i := range faults {
		rows = spoilFunding(rows, &faults[i], symbol, b.seed)
	}
	if len(faults) == 0 {
		return rows
	}
	rows = slices.DeleteFunc(rows, func(f Funding) bool { return f.At < from })
	switch {
	case limit > 0 && len(rows) > limit:
		rows = rows[:limit]
	case limit < 0 && len(rows) > -limit:
		rows = rows[len(rows)+limit:]
	}
	return rows
}

// spoilRows does what is the same for all rows: at tells a row's time, damage
// spoils one cell.
func spoilRows[T any](rows []T, kind FaultKind, at func(*T) carry.Time, damage func(row *T, cell string)) []T {
	n := len(rows)
	if n == 0 {
		return rows
	}
	switch kind {
	case FaultMissingDays:
		one, two := at(&rows[n/3]).Floor(carry.Day), at(&rows[2*n/3]).Floor(carry.Day)
		return slices.DeleteFunc(slices.Clone(rows), func(r T) bool {
			day := at(&r).Floor(carry.Day)
			return day == one || day == two
		})
	case FaultDuplicateRows:
		out := make([]T, 0, n+n/50+1)
		for i := range rows {
			out = append(out, rows[i])
			if i%50 == 0 {
				out = append(out, rows[i])
			}
		}
		return out
	case FaultReorderedRows:
		return slices.Concat(rows[n/2:], rows[:n/2])
	case FaultNaNCell, FaultEmptyCell:
		out := slices.Clone(rows)
		cell := "NaN"
		if kind == FaultEmptyCell {
			cell = ""
		}
		damage(&out[n/2], cell)
		return out
	}
	return rows
}

func spoilKlines(rows []Kline, kind FaultKind) []Kline {
	return spoilRows(rows, kind, func(k *Kline) carry.Time { return k.At }, func(k *Kline, cell string) { k.Close = cell })
}

func spoilFunding(rows []Funding, r *FaultRule, symbol string, seed uint64) []Funding {
	switch r.Kind {
	case FaultFundingJitter:
		out := slices.Clone(rows)
		for i := range out {
			slot := out[i].At.Slot()
			out[i].At = slot - 50 + carry.Time(mix(seed^uint64(slot), symbol)%1000)
		}
		return out
	case FaultIntervalChange:
		return twiceAsOften(rows, r.At)
	}
	return spoilRows(rows, r.Kind, func(f *Funding) carry.Time { return f.At }, func(f *Funding, cell string) { f.Rate = cell })
}

// twiceAsOften puts a settlement of the same rate half an interval before each
// that is after a moment.
func twiceAsOften(rows []Funding, from carry.Time) []Funding {
	out := make([]Funding, 0, 2*len(rows))
	for _, f := range rows {
		half := f.At - carry.Time(f.IntervalH)*carry.Hour/2
		if half >= from && f.IntervalH > 1 {
			f.IntervalH /= 2
			extra := f
			extra.At = half
			out = append(out, extra)
		}
		out = append(out, f)
	}
	return out
}

// damage cuts a file for good.
func (p filePlan) damage(body []byte) []byte {
	for _, r := range p.rules {
		if r.Published {
			body = cut(body, r.Kind)
		}
	}
	return body
}

// cut cuts a zip where the fault says.
func cut(body []byte, kind FaultKind) []byte {
	switch kind {
	case FaultCutLocal:
		return cutZip(body, partLocal)
	case FaultCutName:
		return cutZip(body, partName)
	case FaultCutData:
		return cutZip(body, partData)
	case FaultCutDescriptor:
		return cutZip(body, partDescriptor)
	case FaultCutCentral:
		return cutZip(body, partCentral)
	case FaultCutEnd:
		return cutZip(body, partEnd)
	}
	return body
}
