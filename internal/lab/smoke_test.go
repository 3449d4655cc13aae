package lab

import (
	"context"
	"fmt"
	"testing"
	"time"

	"carry"
	"carry/sim"
	"carry/strategy"
)

func TestSmoke(t *testing.T) {
	e, err := strategy.Find("funding", "")
	if err != nil {
		t.Fatal(err)
	}
	spec := &Spec{Entry: e, Settings: e.New(), Models: DefaultModels(), Seed: 1,
		Open: func(from, to carry.Time, coins []string) (carry.Tape, error) {
			return sim.NewMarket(sim.MarketOptions{Seed: 1, Coins: 20})
		}}
	start := time.Now()
	out, err := Execute(context.Background(), spec, nil)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(time.Since(start))
	for _, r := range append([]*carry.Result{out.Run}, out.Baselines...) {
		fmt.Printf("%-14s %.2f -> %.2f dd %.2f%% near %.2f lev %.2f %+v\n", r.Name, r.Capital, r.Final, r.Extremes.MaxDrawdown*100, r.Extremes.NearestLiquidation, r.Extremes.MaxLeverage, r.Counts)
		fmt.Printf("   %+v res %s\n", r.Attribution, r.Residual)
		for _, y := range r.Years {
			fmt.Printf("   %d %.2f%%", y.Year, y.Annual*100)
		}
		fmt.Println()
	}
	codes := map[string]int{}
	for _, h := range out.Run.Happenings {
		codes[h.Code]++
	}
	fmt.Println(codes, out.Run.Prediction, len(out.Run.Trips))
}
