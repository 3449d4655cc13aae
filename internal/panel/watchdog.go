package panel

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// Watchdog tells somebody outside that the loop lives: a GET every so often while
// it does, nothing when it does not. Who misses it rings the alarm, which a machine
// that is off cannot.
type Watchdog struct {
	url    string
	every  time.Duration
	client *http.Client
	// Idle is how long ago the loop was last seen alive.
	Idle func() time.Duration
	// Log is told when a sign of life could not be given, and when it can again.
	Log func(text string)
}

// NewWatchdog checks the address.
func NewWatchdog(address string, every time.Duration) (*Watchdog, error) {
	if err := checkAddress(address); err != nil {
		return nil, err
	}
	return &Watchdog{url: address, every: every, client: webClient()}, nil
}

// Run gives signs of life until the context ends.
func (w *Watchdog) Run(ctx context.Context) {
	tick := time.NewTicker(w.every)
	defer tick.Stop()
	failing := false
	for {
		if w.Idle() < 3*w.every {
			err := w.sign(ctx)
			if (err != nil) != failing && ctx.Err() == nil {
				failing = err != nil
				if failing {
					w.Log("the watchdog could not be told that all is well: " + err.Error())
				} else {
					w.Log("the watchdog is told again")
				}
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (w *Watchdog) sign(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url, nil)
	if err != nil {
		return errors.New("the request could not be made")
	}
	return ask(w.client, req)
}
