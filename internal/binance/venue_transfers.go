package binance

import (
	"context"
	"fmt"
	"net/url"

	"carry"
	"carry/internal/binance/wire"
)

// move is a transfer between the wallets whose end is not known yet.
type move struct {
	cmd      carry.Command
	id       int64 // the exchange's number, 0 while it is not known
	sentAt   carry.Time
	nextPoll carry.Time
	polls    int
	// Of an earlier session: see flight.
	latest carry.Time
	unsent bool
}

// move sends a transfer once. It has no name of its own at the exchange: after
// an unclear answer it is looked for in the history (binance.md §2.7).
func (v *Venue) move(ctx context.Context, c *carry.Command) error {
	m := &move{cmd: *c, sentAt: v.serverNow()}
	a := v.trader.transfer(ctx, c.Wallet, c.Amount)
	if a.status == 200 {
		if id, err := wire.DecodeTransferAnswer(a.body); err == nil {
			m.id = id
		}
	}
	if m.id == 0 {
		if verdict, code := judge(wire.Spot, a); verdict == refused {
			v.emit(m.outcome(max(v.last, v.c.Now()), code))
			return nil
		}
		v.o.Log(fmt.Sprintf("transfer of %s USDT from the %s wallet: HTTP %d, outcome unknown; it will be looked for and not sent again", c.Amount, c.Wallet, a.status))
	}
	m.nextPoll = v.c.Now() + pollAfter[0]
	v.moves = append(v.moves, m)
	return nil
}

func (m *move) outcome(at carry.Time, code carry.Code) carry.Event {
	return carry.Event{Kind: carry.EvTransferred, At: at, Pair: -1, Wallet: m.cmd.Wallet, Order: m.cmd.Order, Amount: m.cmd.Amount, Code: code, Number: m.id}
}

// settleMoves looks for transfers that are due. In lockstep every step is a
// moment at which one may have been made.
func (v *Venue) settleMoves(ctx context.Context, now carry.Time) error {
	for k, m := range v.moves {
		if m.nextPoll > now && v.o.Pace == nil {
			continue
		}
		rows, err := v.transfers(ctx, m)
		if err != nil {
			return err
		}
		done, code := v.outcomeOf(m, rows, now)
		if !done {
			m.nextPoll = now + pollAfter[min(m.polls, len(pollAfter)-1)]
			m.polls++
			continue
		}
		v.moves = append(v.moves[:k], v.moves[k+1:]...)
		v.moved[m.id] = true
		v.emit(m.outcome(now, code))
		return nil
	}
	return nil
}

// outcomeOf finds a transfer among the history's rows. One without a number is
// the first of its amount since it was sent that no other transfer of this run
// claims; when none appears until it no longer can, nothing was moved.
func (v *Venue) outcomeOf(m *move, rows []wire.Transfer, now carry.Time) (done bool, code carry.Code) {
	for k := len(rows) - 1; k >= 0; k-- {
		r := &rows[k]
		if m.id == 0 && r.Amount == m.cmd.Amount && r.At >= m.sentAt-carry.Second && !v.claimed(r.ID) {
			m.id = r.ID
		}
		if r.ID != m.id {
			continue
		}
		switch r.Status {
		case "CONFIRMED":
			return true, carry.OK
		case "FAILED":
			return true, carry.CodeNotWithdrawable
		}
		return false, 0
	}
	if m.id == 0 && now-max(m.sentAt, m.latest) > provenAfter {
		v.o.Log(fmt.Sprintf("the transfer of %s USDT was never made: the history does not have it, and it can no longer appear", m.cmd.Amount))
		return true, carry.CodeExpired
	}
	return false, 0
}

func (v *Venue) claimed(id int64) bool {
	if v.moved[id] {
		return true
	}
	for _, m := range v.moves {
		if m.id == id {
			return true
		}
	}
	return false
}

// transfers reads the history since the transfer was sent, newest first.
func (v *Venue) transfers(ctx context.Context, m *move) (rows []wire.Transfer, err error) {
	q := url.Values{"type": {string(transferType(m.cmd.Wallet))}, "startTime": {ms(m.sentAt - carry.Second)}, "size": {"100"}}
	r := v.c.signed(hostSpot, "/sapi/v1/asset/transfer", q.Encode(), 1)
	err = v.c.get(ctx, r, func(body []byte) (err error) {
		if err := notAnError(r, body); err != nil {
			return err
		}
		rows, err = wire.DecodeTransfers(body)
		return err
	})
	return rows, err
}
