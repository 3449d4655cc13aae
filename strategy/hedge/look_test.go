package hedge

import (
	"reflect"
	"testing"

	"carry"
)

// Who is looked at decides as if nobody looked: a status leaves no limit, size or
// queue behind, also where prices have moved since the desk judged them.
func TestLookingChangesNothing(t *testing.T) {
	s := newStage(t, 3, bare(), 10_000, 5_000)
	look := func() {
		t.Helper()
		before := *s.desk
		s.desk.Status(&s.market)
		if after := *s.desk; !reflect.DeepEqual(before, after) {
			t.Fatalf("a look changed the desk:\n before %+v\n after  %+v", before, after)
		}
	}
	look()
	s.policy.says[0].Open, s.policy.says[1].Open = carry.OK, carry.OK
	s.tell(carry.Event{Kind: carry.EvMarket, Pair: -1, Market: &s.market})
	look()
	if len(s.way) == 0 {
		t.Fatal("nothing was opened: the story does not begin")
	}
	for i := range s.market.Mark {
		s.market.Mark[i], s.market.SpotLast[i] = 150, 150
	}
	look()
	if got := s.desk.Status(&s.market); len(got.Pairs) != 3 || got.Total <= 0 || got.Halted {
		t.Errorf("the status is %+v", got)
	}
	s.tell(carry.Event{Kind: carry.EvOperator, Pair: -1, Code: carry.CodeKill})
	if got := s.desk.Status(&s.market); !got.Halted || !got.Killed || !got.Paused {
		t.Errorf("killed, the status is %+v", got)
	}
	s.tell(carry.Event{Kind: carry.EvOperator, Pair: -1, Code: carry.CodeResume})
	if got := s.desk.Status(&s.market); !got.Killed || !got.Paused {
		t.Errorf("a kill does not outlive a resume: %+v", got)
	}
	s.tell(carry.Event{Kind: carry.EvOperator, Pair: -1, Code: carry.CodeRevive})
	if got := s.desk.Status(&s.market); got.Killed || !got.Paused {
		t.Errorf("started anew, the status is %+v", got)
	}
	s.tell(carry.Event{Kind: carry.EvOperator, Pair: -1, Code: carry.CodeResume})
	if got := s.desk.Status(&s.market); got.Killed || got.Paused || got.Halted {
		t.Errorf("resumed, the status is %+v", got)
	}
	look()
	if new(Desk).Status(&s.market).Pairs != nil {
		t.Error("a desk that was told nothing knows pairs")
	}
}

// A receipt for an alarm asks for nothing: the desk says nothing to it.
func TestReceiptsAreNoRequests(t *testing.T) {
	s := newStage(t, 1, bare(), 10_000, 5_000)
	for _, code := range []carry.Code{carry.CodeAlarmTest, carry.CodeAlarmSent, carry.CodeAlarmLost, carry.CodeRereadRules, carry.CodeDeposit} {
		if s.tell(carry.Event{Kind: carry.EvOperator, Pair: -1, Code: code}); len(s.said) > 0 {
			t.Errorf("to %s the desk says %+v", code, s.said)
		}
	}
	if s.tell(carry.Event{Kind: carry.EvOperator, Pair: -1, Code: carry.CodePause}); len(s.said) != 1 {
		t.Errorf("to a pause the desk says %+v", s.said)
	}
}
