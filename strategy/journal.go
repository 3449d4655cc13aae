package strategy

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"

	"carry"
)

// HashJournal is a carry.Journal that keeps nothing but the SHA-256 over all
// outcomes and commands in order. Market contents are left out: the tape's
// hash covers them.
type HashJournal struct {
	sum hash.Hash
	buf []byte
	n   int
}

// NewHashJournal starts an empty journal.
func NewHashJournal() *HashJournal {
	return &HashJournal{sum: sha256.New(), buf: make([]byte, 0, 1<<14)}
}

// Event adds an event.
func (j *HashJournal) Event(ev *carry.Event) error {
	j.buf = AppendEvent(j.buf, ev)
	j.flush(1 << 13)
	return nil
}

// Command adds a command.
func (j *HashJournal) Command(at carry.Time, c *carry.Command) error {
	j.buf = AppendCommand(j.buf, at, c)
	j.flush(1 << 13)
	return nil
}

func (j *HashJournal) flush(above int) {
	if len(j.buf) > above {
		j.sum.Write(j.buf)
		j.n += len(j.buf)
		j.buf = j.buf[:0]
	}
}

// Sum is the hash so far, in hex.
func (j *HashJournal) Sum() string {
	j.flush(0)
	return hex.EncodeToString(j.sum.Sum(nil))
}

// NoJournal records nothing, for sweeps that need no hash.
type NoJournal struct{}

// Event records nothing.
func (NoJournal) Event(*carry.Event) error { return nil }

// Command records nothing.
func (NoJournal) Command(carry.Time, *carry.Command) error { return nil }

// AppendEvent adds the event's canonical bytes to dst. Kinds without an
// outcome (Market, Rates, Rules, Timer) are a mark in time only.
func AppendEvent(dst []byte, ev *carry.Event) []byte {
	dst = append(dst, 'E', byte(ev.Kind))
	dst = binary.AppendVarint(dst, int64(ev.At))
	switch ev.Kind {
	case carry.EvMarket, carry.EvRates:
		return dst
	case carry.EvRules, carry.EvTimer:
		return binary.AppendVarint(binary.AppendVarint(dst, int64(ev.Pair)), int64(ev.ID))
	}
	flags := byte(0)
	if ev.Maker {
		flags = 1
	}
	if ev.Isolated {
		flags |= 4
	}
	// What few runs have is written only where it is.
	more := ev.Left != 0 || ev.Asset != carry.USDT || ev.FeeBNB != 0 || ev.BNB != 0 || ev.BNB2 != 0
	if more {
		flags |= 2
	}
	dst = append(dst, byte(ev.Leg), byte(ev.Side), byte(ev.Wallet), byte(ev.Code), flags)
	for _, v := range [...]int64{int64(ev.Pair), int64(ev.Order), int64(ev.Qty), int64(ev.Price), int64(ev.Ref),
		int64(ev.Amount), int64(ev.Fee), int64(ev.Balance), int64(ev.Balance2), int64(ev.Rate)} {
		dst = binary.AppendVarint(dst, v)
	}
	if ev.Kind == carry.EvFill || ev.Kind == carry.EvSettled {
		dst = appendWide(appendWide(dst, ev.FeeCoins), ev.Coins)
	}
	if more {
		for _, v := range [...]int64{int64(ev.Left), int64(ev.Asset), int64(ev.FeeBNB), int64(ev.BNBPrice), int64(ev.BNB), int64(ev.BNB2)} {
			dst = binary.AppendVarint(dst, v)
		}
	}
	if ev.Asset > carry.USDT {
		dst = appendWide(appendWide(dst, ev.Coins), ev.Coins2)
	}
	return dst
}

// AppendCommand adds the command's canonical bytes to dst. The numbers behind
// a decision are floats for the reader and not part of it.
func AppendCommand(dst []byte, at carry.Time, c *carry.Command) []byte {
	dst = append(dst, 'C', byte(c.Kind))
	dst = binary.AppendVarint(dst, int64(at))
	flags := byte(0)
	if c.ReduceOnly {
		flags = 1
	}
	more := c.Life != carry.IOC || c.Show != 0 || c.Asset != carry.USDT
	if more {
		flags |= 2
	}
	dst = append(dst, byte(c.Leg), byte(c.Side), byte(c.Wallet), byte(c.Code), flags)
	for _, v := range [...]int64{int64(c.Pair), int64(c.ID), int64(c.Order), int64(c.Qty), int64(c.Limit),
		int64(c.Ref), int64(c.Amount), int64(c.At)} {
		dst = binary.AppendVarint(dst, v)
	}
	if more {
		dst = binary.AppendVarint(binary.AppendVarint(append(dst, byte(c.Life)), int64(c.Show)), int64(c.Asset))
	}
	return dst
}

func appendWide(dst []byte, w carry.Wide) []byte {
	return binary.AppendUvarint(binary.AppendVarint(dst, w.Hi), w.Lo)
}
