package lab

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"carry"
	"carry/sim"
)

// ParseFlows reads deposits and withdrawals, each written TIME=AMOUNT in USDT
// (2021-03-01=+5000, 2022-01-01=-1000), and puts them in order of time.
func ParseFlows(texts []string) ([]sim.Flow, error) {
	var out []sim.Flow
	for _, text := range texts {
		when, sum, ok := strings.Cut(text, "=")
		if !ok {
			return nil, fmt.Errorf("flow %q is not TIME=AMOUNT (write 2021-03-01=+5000)", text)
		}
		at, err := carry.ParseTime(when)
		if err != nil {
			return nil, fmt.Errorf("flow %q: %w", text, err)
		}
		v, err := carry.ParseFixed(strings.TrimPrefix(sum, "+"))
		if err != nil {
			return nil, fmt.Errorf("flow %q: %w", text, err)
		}
		if v == 0 {
			return nil, fmt.Errorf("flow %q moves nothing", text)
		}
		out = append(out, sim.Flow{At: at, Amount: carry.Amount(v)})
	}
	slices.SortStableFunc(out, func(a, b sim.Flow) int { return cmp.Compare(a.At, b.At) })
	return out, nil
}
