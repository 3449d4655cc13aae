package sim

// barPath is the price within a bar at fraction f of its length: open, first
// extreme at 1/3, second at 2/3, close, linear in between. The extreme nearer
// to the open comes first, which is the shorter way and the one most bars take.
func barPath(open, high, low, close, f float64) float64 {
	if f <= 0 {
		return open
	}
	if f >= 1 {
		return close
	}
	first, second := high, low
	if open-low < high-open {
		first, second = low, high
	}
	switch x := float64(3 * f); {
	case x < 1:
		return open + float64((first-open)*x)
	case x < 2:
		return first + float64((second-first)*(x-1))
	default:
		return second + float64((close-second)*(x-2))
	}
}
