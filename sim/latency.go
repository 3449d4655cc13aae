package sim

import (
	"fmt"

	"carry"
)

// LatencyModel tells how long after its submission an order reaches the market.
type LatencyModel interface {
	Order(at carry.Time) carry.Time
	String() string
}

// ConstantLatency delays every order alike.
type ConstantLatency struct{ Ms carry.Time }

// Order is the constant.
func (l ConstantLatency) Order(carry.Time) carry.Time { return l.Ms }

// String names the model with its figures.
func (l ConstantLatency) String() string { return fmt.Sprintf("constant %d ms", int64(l.Ms)) }
