package panel

import (
	"context"
	"fmt"
	"sync"
	"time"

	"carry"
)

// Channel is a way by which alarms leave the machine.
type Channel interface {
	Name() string
	// Send delivers one alarm; an error may be tried again.
	Send(ctx context.Context, a *Alarm) error
}

// Of the dispatcher.
const (
	queueMax   = 64 // alarms that wait for one channel
	triesMax   = 6
	sendWait   = 10 * time.Second
	sameWithin = 10 * time.Minute // by the machine's clock
)

// Dispatcher sends alarms by its channels. Raise never waits: each channel has
// its own line, and what does not fit in is lost and counted.
type Dispatcher struct {
	// Done, if set, is told what became of an alarm on a channel. It may be called
	// from several goroutines.
	Done func(a *Alarm, channel string, err error)
	// First is the wait before the second try; it doubles from try to try.
	First time.Duration

	lines []line
	stop  context.CancelFunc
	wait  sync.WaitGroup

	mu     sync.Mutex
	recent map[string]time.Time // when an alarm of this kind left last
	merged map[string]int       // how many were held back since
}

type line struct {
	to      Channel
	waiting chan *Alarm
}

// NewDispatcher starts one line for each channel. Close it.
func NewDispatcher(channels ...Channel) *Dispatcher {
	d := &Dispatcher{First: time.Second, recent: map[string]time.Time{}, merged: map[string]int{}}
	for _, c := range channels {
		d.lines = append(d.lines, line{c, make(chan *Alarm, queueMax)})
	}
	return d
}

// Start lets the lines run.
func (d *Dispatcher) Start() {
	ctx, stop := context.WithCancel(context.Background())
	d.stop = stop
	for _, l := range d.lines {
		d.wait.Add(1)
		go func() {
			defer d.wait.Done()
			for a := range l.waiting {
				d.done(a, l.to.Name(), d.deliver(ctx, l.to, a))
			}
		}()
	}
}

// Raise hands an alarm to all channels. The same reason of the same coin within
// ten minutes is not sent again unless it is urgent; the next one says how many
// were held back.
func (d *Dispatcher) Raise(a Alarm) {
	kind := a.Word + " " + a.Coin
	d.mu.Lock()
	if a.Level != Urgent && time.Since(d.recent[kind]) < sameWithin {
		d.merged[kind]++
		d.mu.Unlock()
		return
	}
	d.recent[kind] = time.Now()
	if n := d.merged[kind]; n > 0 {
		a.Text += fmt.Sprintf("; %d more of these since the last one sent", n)
		delete(d.merged, kind)
	}
	d.mu.Unlock()
	for _, l := range d.lines {
		select {
		case l.waiting <- &a:
		default:
			d.done(&a, l.to.Name(), errFull)
		}
	}
}

var errFull = fmt.Errorf("more than %d alarms wait", queueMax)

func (d *Dispatcher) done(a *Alarm, channel string, err error) {
	if d.Done != nil {
		d.Done(a, channel, err)
	}
}

// deliver tries until the channel takes the alarm, with waits that double.
func (d *Dispatcher) deliver(ctx context.Context, to Channel, a *Alarm) (err error) {
	wait := d.First
	for try := range triesMax {
		if try > 0 {
			select {
			case <-ctx.Done():
				return err
			case <-time.After(wait):
			}
			wait *= 2
		}
		one, stop := context.WithTimeout(ctx, sendWait)
		err = to.Send(one, a)
		stop()
		if err == nil || ctx.Err() != nil {
			return err
		}
	}
	return err
}

// Close sends what waits for at most this long and ends the lines. Nothing may be
// raised afterwards.
func (d *Dispatcher) Close(patience time.Duration) {
	for _, l := range d.lines {
		close(l.waiting)
	}
	timer := time.AfterFunc(patience, d.stop)
	d.wait.Wait()
	timer.Stop()
	d.stop()
}

// Receipt is the event by which the journal learns what became of an alarm.
func Receipt(a *Alarm, err error) carry.Event {
	code := carry.CodeAlarmSent
	if err != nil {
		code = carry.CodeAlarmLost
	}
	return carry.Event{Kind: carry.EvOperator, Pair: -1, Code: code, ID: uint32(a.Code), Order: carry.OrderID(a.N)}
}
