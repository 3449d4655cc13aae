package hedge

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"carry"
)

// A desk that asks about every pair decides the same as one that leaves calm
// pairs alone.
func TestCalmPairsNeedNoQuestion(t *testing.T) {
	said := 0
	for seed := range uint64(300) {
		var told [2][]carry.Command
		for k := range told {
			r := rand.New(rand.NewPCG(seed, 9))
			p := bare()
			p.RiseTrimFrac, p.TopUpBelowFrac, p.ReopenAfterH = 0.1, []float64{0, 0.9}[r.IntN(2)], float64(r.IntN(3))
			p.Direction = []string{"both", "both", "open", "close", "hold"}[r.IntN(5)]
			s := newStage(t, 4, p, 1000, 600)
			s.policy.fussy = k == 1
			for range 30 {
				i := r.IntN(4)
				switch r.IntN(6) {
				case 0, 1:
					s.wants(i, r.Float64())
				case 2:
					s.leaves(i, carry.CodeCloseMean, r.IntN(2) == 0)
				case 3:
					s.keeps(i)
				case 4:
					s.market.Flags[i] = carry.Flags(r.IntN(16))
				}
				s.quote(i, 100*(0.9+0.2*r.Float64()), 100*(0.9+0.2*r.Float64()))
				told[k] = append(told[k], s.cycle()...)
				if r.IntN(4) > 0 {
					s.settle()
				}
			}
		}
		said += len(told[0])
		if !reflect.DeepEqual(told[0], told[1]) {
			t.Fatalf("seed %d: left alone\n%+v\nasked\n%+v", seed, told[0], told[1])
		}
	}
	if said < 1000 {
		t.Errorf("only %d commands to compare", said)
	}
}
