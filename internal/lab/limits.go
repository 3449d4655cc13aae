package lab

import (
	"fmt"

	"carry/internal/risk"
)

// Bound sets what holds in every live session: at most so much capital at work (0:
// all there is) and the loss of a day, a share of equity, after which nothing is
// opened until midnight UTC. The strategy is told of the capital, and the gate holds
// it whatever the strategy does.
func (s *Spec) Bound(capitalMaxUSDT, dayLossMaxFrac float64) error {
	s.Limits = risk.Limits{DayLossMaxFrac: dayLossMaxFrac}
	h := s.Settings.Hedge()
	if capitalMaxUSDT != 0 {
		if h == nil {
			return fmt.Errorf("%w: %s has no use for a largest capital", ErrNoDesk, s.Entry.Name)
		}
		l := h.LeverageTargetX
		s.Limits.CapitalMaxUSDT, s.Limits.LeverageX = capitalMaxUSDT, l
		if total := capitalMaxUSDT * (1 - h.ReserveFrac) * l / (l + 1); h.TotalLimitUSDT == 0 || h.TotalLimitUSDT > total {
			h.TotalLimitUSDT = total
		}
	}
	if err := s.Limits.Validate(); err != nil {
		return err
	}
	return s.Settings.Validate()
}
