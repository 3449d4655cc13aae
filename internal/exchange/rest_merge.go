package exchange

import "sort"

// namedFunding is a settlement with its symbol.
type namedFunding struct {
	symbol string
	Funding
}

// mergeFunding puts the rows of all symbols in order of (time, symbol) and cuts
// them to a limit as Facts describes it.
func mergeFunding(rows []namedFunding, limit int) []namedFunding {
	sort.SliceStable(rows, func(i, j int) bool {
		if rows[i].At != rows[j].At {
			return rows[i].At < rows[j].At
		}
		return rows[i].symbol < rows[j].symbol
	})
	switch {
	case limit > 0 && len(rows) > limit:
		return rows[:limit]
	case limit < 0 && len(rows) > -limit:
		return rows[len(rows)+limit:]
	}
	return rows
}
