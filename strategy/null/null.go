// Package null is the baseline that does nothing.
package null

import "carry"

// Core never commands anything.
type Core struct{}

// Step implements carry.Core.
func (Core) Step(_ *carry.Event, out []carry.Command) []carry.Command { return out }
