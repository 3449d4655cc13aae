package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"carry/internal/crawl"
)

// fetchProgress tells how far a crawl is: a bar with rate and remaining time on
// a terminal, a plain line now and then elsewhere.
type fetchProgress struct {
	w     io.Writer
	bar   *progressbar.ProgressBar // nil when not on a terminal
	began time.Time

	mu   sync.Mutex // guards what follows
	last time.Time
	now  crawl.Progress
}

// plainEvery is how often a plain line is written.
const plainEvery = 10 * time.Second

func newFetchProgress(w io.Writer) *fetchProgress {
	p := &fetchProgress{w: w, began: time.Now(), last: time.Now()}
	if isTerminal(w) {
		p.bar = progressbar.NewOptions(1, progressbar.OptionSetWriter(w), progressbar.OptionSetPredictTime(true),
			progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("files and pages"),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(), progressbar.OptionSetWidth(20))
	}
	return p
}

// step shows progress.
func (p *fetchProgress) step(now crawl.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = now
	if p.bar != nil {
		p.bar.ChangeMax(max(1, now.Total))
		// A terminal that cannot be written to is no reason to stop fetching.
		_ = p.bar.Set(now.Done)
		return
	}
	if at := time.Now(); at.Sub(p.last) >= plainEvery {
		p.last = at
		fmt.Fprintln(p.w, plainProgress(now, at.Sub(p.began)))
	}
}

// plainProgress is one line: how much, how fast, how long still.
func plainProgress(p crawl.Progress, took time.Duration) string {
	left := time.Duration(0)
	if p.Done > 0 {
		left = took * time.Duration(p.Total-p.Done) / time.Duration(p.Done)
	}
	return fmt.Sprintf("%s: %d of %d files and pages, %s rows, %.1f/s, about %s left",
		program, p.Done, p.Total, grouped(p.Rows), float64(p.Done)/took.Seconds(), left.Round(time.Second))
}

// log writes a line about a failed attempt.
func (p *fetchProgress) log(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		_ = p.bar.Clear()
	}
	fmt.Fprintf(p.w, "%s: %s\n", program, text)
}

// end wipes the bar.
func (p *fetchProgress) end() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
