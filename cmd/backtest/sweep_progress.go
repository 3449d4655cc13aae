package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/mattn/go-isatty"

	"carry"
	"carry/internal/lab"
)

// progressEvery is how often a line is rewritten on a terminal, or a new one
// begun in a log.
const (
	progressEvery = 250 * time.Millisecond
	logEvery      = 30 * time.Second
)

// progress tells how a sweep goes: trials done, rate, time left. On a terminal it
// rewrites one line, elsewhere it is nearly silent.
type progress struct {
	mu       sync.Mutex
	w        io.Writer
	terminal bool
	board    *lab.Board
	size     int // trials to run
	finished int
	failed   int
	part     map[int]float64 // by worker: trials' worth of work in its open chunk
	began    time.Time
	said     time.Time
}

func newProgress(w io.Writer, b *lab.Board, size int) *progress {
	now := time.Now()
	return &progress{w: w, terminal: isTerminal(w), board: b, size: size, part: map[int]float64{}, began: now, said: now}
}

// block is told after each block that a worker fed to its trials.
func (p *progress) block(worker, trials int, at, to carry.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	span := float64(p.board.Info.To - p.board.Info.From + p.board.Info.WarmMs)
	p.part[worker] = float64(trials) * max(0, min(1, 1-float64(to-at)/span))
	if at >= to {
		delete(p.part, worker)
	}
	p.say(false)
}

// chunk is told of each finished chunk.
func (p *progress) chunk(chunk, failed int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	from, to := p.board.Sweep.ChunkRange(chunk)
	p.finished += to - from
	p.failed += failed
	p.say(false)
}

func (p *progress) say(last bool) {
	now := time.Now()
	every := logEvery
	if p.terminal {
		every = progressEvery
	}
	if !last && now.Sub(p.said) < every {
		return
	}
	p.said = now
	done := float64(p.finished)
	for _, x := range p.part {
		done += x
	}
	done = min(done, float64(p.size))
	line := fmt.Sprintf("%d of %d trials", p.finished, p.size)
	if p.failed > 0 {
		line += fmt.Sprintf(", %d failed", p.failed)
	}
	if spent := now.Sub(p.began); done > 0 && spent > 0 && p.size > 0 {
		rate := done / spent.Seconds()
		left := time.Duration((float64(p.size) - done) / rate * float64(time.Second)).Round(time.Second)
		line += fmt.Sprintf(", %.3g a second, %s left", rate, left)
	}
	if p.terminal {
		fmt.Fprintf(p.w, "\r\x1b[K%s", line)
		return
	}
	fmt.Fprintln(p.w, line)
}

// end finishes the line.
func (p *progress) end() {
	if p.terminal {
		p.mu.Lock()
		defer p.mu.Unlock()
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}
