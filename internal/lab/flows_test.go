package lab

import (
	"strings"
	"testing"

	"carry"
)

func TestFlowsAreReadInOrderOfTime(t *testing.T) {
	got, err := ParseFlows([]string{"2022-01-01=-1000.5", "2021-03-01=+5000", "2021-03-01T08:00=1"})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 3 || got[0].Amount != 5000*carry.Unit || got[1].Amount != carry.Unit || got[2].Amount != -100050000000 || got[2].At.Date() != "2022-01-01" {
		t.Errorf("read %+v", got)
	}
	for text, want := range map[string]string{"5000": "TIME=AMOUNT", "soon=5000": "not a time", "2021-03-01=much": "not a decimal", "2021-03-01=0": "nothing"} {
		if _, err := ParseFlows([]string{text}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gives %v", text, err)
		}
	}
}

// Money brought and taken under way is in the books, and nothing is made of it.
func TestFlowsReachTheBooks(t *testing.T) {
	o := smallMarket(11, 6, 4)
	run := func(flows ...string) *carry.Result {
		s := setUp(t, "null", generate(t, o))
		var err error
		if s.Flows, err = ParseFlows(flows); err != nil {
			t.Fatal(err)
		}
		return play(t, s, stage{})
	}
	day := func(n carry.Time) string { return (o.From + (40+n)*carry.Day).Date() }
	if got := run(day(0)+"=+5000", day(10)+"=-2000.25"); got.Final != 12_999.75 || got.Attribution.Total != 0 {
		t.Errorf("10,000 + 5,000 - 2,000.25 with nothing traded is %v, earned %v", got.Final, got.Attribution.Total)
	}
	// What is not in the spot wallet cannot leave: a third of the capital is in
	// the futures wallet.
	if got := run(day(0) + "=-9000"); got.Final < 1000 || got.Final > 10_000 {
		t.Errorf("after a withdrawal of 9,000 from 10,000: %v", got.Final)
	}
}
