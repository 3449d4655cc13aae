package strategy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"carry"
	"carry/internal/book"
	"carry/internal/risk"
)

// stage is a world of one pair in which everybody writes what he does into one
// list.
type stage struct {
	log     []string
	events  []carry.Event
	answers map[uint64][]carry.Command // by sequence number of the event
	fail    map[string]error           // by line of the log
}

func (s *stage) say(format string, args ...any) error {
	line := fmt.Sprintf(format, args...)
	s.log = append(s.log, line)
	return s.fail[line]
}

// Next, Submit: the venue.
func (s *stage) Next(context.Context) (*carry.Event, error) {
	if len(s.events) == 0 {
		return nil, io.EOF
	}
	ev := s.events[0]
	s.events = s.events[1:]
	if ev.Kind == 0 {
		return nil, risk.ErrWait
	}
	return &ev, s.say("next %s", ev.Kind)
}

func (s *stage) Submit(_ context.Context, a risk.Approved) error {
	c := a.Command()
	return s.say("submit %s %d", c.Kind, c.Order)
}

// Event, Command: the journal.
func (s *stage) Event(ev *carry.Event) error { return s.say("journal %d %s", ev.Seq, ev.Kind) }

func (s *stage) Command(_ carry.Time, c *carry.Command) error {
	return s.say("journal %s %d", c.Kind, c.Order)
}

// Step: the core. It notes what the books had when it was asked.
func (s *stage) Step(ev *carry.Event, out []carry.Command) []carry.Command {
	s.say("step %d %s %s, owns %s", ev.Seq, ev.Kind, ev.Code, ev.Account.SpotUSDT)
	return append(out, s.answers[ev.Seq]...)
}

// run wires the stage up. Orders above 100 USDT are refused.
func (s *stage) run() *Run {
	pairs := []carry.Pair{{Coin: "A", Mult: 1, QtyDp: 0}}
	return &Run{Core: s, Venue: s, Journal: s, Gate: risk.NewGate(pairs, risk.Limits{OrderMaxUSDT: 100}), Book: book.New(pairs)}
}

func opening() []carry.Event {
	return []carry.Event{
		{Kind: carry.EvSnapshot, Pair: -1, Balance: 500 * carry.Unit},
		{Kind: carry.EvRules, Rules: &carry.Rules{}},
		{Kind: carry.EvTimer, Pair: -1, ID: 1},
	}
}

func buy(id carry.OrderID, q carry.Qty) carry.Command {
	return carry.Command{Kind: carry.CmdOrder, Order: id, Leg: carry.Spot, Side: carry.Buy, Qty: q, Ref: carry.Unit}
}

// The loop's contract: the books know an event before the journal, the journal
// has it before the core, and a command is in the journal before it leaves.
func TestLoopOrder(t *testing.T) {
	s := &stage{events: opening(), answers: map[uint64][]carry.Command{
		3: {buy(1, 10), {Kind: carry.CmdNote, Pair: -1}, {Kind: carry.CmdTransfer, Pair: -1, Order: 2, Amount: carry.Unit}},
	}}
	done, err := s.run().Advance(context.Background())
	if !done || err != nil {
		t.Fatalf("the run ended with %t, %v", done, err)
	}
	want := []string{
		"next snapshot", "journal 1 snapshot", "step 1 snapshot ok, owns 500.00000000",
		"next rules", "journal 2 rules", "step 2 rules ok, owns 500.00000000",
		"next timer", "journal 3 timer", "step 3 timer ok, owns 500.00000000",
		"journal order 1", "submit order 1", "journal note 0", "submit note 0", "journal transfer 2", "submit transfer 2",
	}
	if !slices.Equal(s.log, want) {
		t.Errorf("the loop went\n%s\nwant\n%s", strings.Join(s.log, "\n"), strings.Join(want, "\n"))
	}
}

// What the gate refuses never reaches the venue; the core hears of it at once as
// of any reject, and the journal has it.
func TestRefusedCommandsComeBack(t *testing.T) {
	s := &stage{events: opening(), answers: map[uint64][]carry.Command{
		3: {buy(1, 101), {Kind: carry.CmdTransfer, Pair: -1, Order: 2}, buy(3, 10)},
	}}
	if _, err := s.run().Advance(context.Background()); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"journal order 1", "journal 4 reject", "step 4 reject gate-limit, owns 500.00000000",
		"journal transfer 2", "journal 5 transferred", "step 5 transferred gate-limit, owns 500.00000000",
		"journal order 3", "submit order 3",
	}
	if got := s.log[9:]; !slices.Equal(got, want) {
		t.Errorf("the loop went\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A core's answer to a refusal is a command like any other. If it were dropped,
// the core would wait for its outcome for ever, and a replay of the journal
// would find commands that the journal has not.
func TestAnswersToRefusalsAreCommands(t *testing.T) {
	s := &stage{events: opening(), answers: map[uint64][]carry.Command{
		3: {buy(1, 101), buy(2, 10)},
		4: {buy(3, 20), buy(4, 102)},
		5: {buy(5, 30)},
	}}
	if _, err := s.run().Advance(context.Background()); err != nil {
		t.Fatal(err)
	}
	var sent []string
	for _, line := range s.log[9:] {
		if strings.Contains(line, " order ") {
			sent = append(sent, line)
		}
	}
	want := []string{"journal order 1", "journal order 2", "submit order 2", "journal order 3", "submit order 3", "journal order 4", "journal order 5", "submit order 5"}
	if !slices.Equal(sent, want) {
		t.Errorf("commands went %v, want %v", sent, want)
	}
}

// stubborn repeats whatever is refused.
type stubborn struct{ stage }

func (s *stubborn) Step(ev *carry.Event, out []carry.Command) []carry.Command {
	if ev.Kind == carry.EvTimer || ev.Kind == carry.EvReject {
		return append(out, buy(1, 101))
	}
	return out
}

// A core that repeats a refused order for ever does not hang the program.
func TestEndlessAnswersAreAnError(t *testing.T) {
	s := &stubborn{stage{events: opening()}}
	r := s.run()
	r.Core, r.Journal = s, NoJournal{}
	if _, err := r.Advance(context.Background()); err == nil || !strings.Contains(err.Error(), "refus") {
		t.Errorf("the run ended with %v", err)
	}
}

// Any error ends the run, whoever has it, and nothing is submitted after it.
func TestErrorsEndTheRun(t *testing.T) {
	broken := errors.New("broken")
	for _, at := range []string{"next timer", "journal 3 timer", "journal order 1", "submit order 1", "journal 4 reject"} {
		s := &stage{events: opening(), fail: map[string]error{at: broken}, answers: map[uint64][]carry.Command{3: {buy(1, 10), buy(2, 101), buy(3, 1)}}}
		done, err := s.run().Advance(context.Background())
		if done || !errors.Is(err, broken) {
			t.Errorf("an error at %q gave %t, %v", at, done, err)
		}
		if last := s.log[len(s.log)-1]; last != at {
			t.Errorf("after an error at %q the run went on to %q", at, last)
		}
	}
	// An event that the books cannot believe is one, too.
	s := &stage{events: append(opening(), carry.Event{Kind: carry.EvTransferred, Pair: -1, Amount: carry.Unit, Balance: 7})}
	if _, err := s.run().Advance(context.Background()); !errors.Is(err, book.ErrBooks) {
		t.Errorf("a transfer that does not add up gave %v", err)
	}
}

// Waiting for market data is no end: the run goes on where it stood.
func TestWaitingIsNotTheEnd(t *testing.T) {
	s := &stage{events: slices.Insert(opening(), 1, carry.Event{})}
	r := s.run()
	if done, err := r.Advance(context.Background()); done || err != nil {
		t.Fatalf("waiting gave %t, %v", done, err)
	}
	if done, err := r.Advance(context.Background()); !done || err != nil {
		t.Fatalf("then the end gave %t, %v", done, err)
	}
	if got := s.log[len(s.log)-1]; !strings.HasPrefix(got, "step 3 timer") {
		t.Errorf("the last word was %q", got)
	}
}
