package lab

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"carry"
)

// Board is a folder in which a sweep's finished chunks are collected, one file
// each. A file is written under a temporary name, synced and renamed: it is
// there whole or not at all, so that any number of processes on any machines
// that see the folder may work on one sweep, and one that was killed leaves
// nothing but a temporary file.
type Board struct {
	Sweep *Sweep
	Dir   string
	Info  SweepInfo
}

// SweepInfo says what a sweep is, in its chunk files and in the store.
type SweepInfo struct {
	ID      string          `json:"sweep"` // hash of plan, data and program
	Name    string          `json:"name,omitempty"`
	Plan    json.RawMessage `json:"plan"`
	Tape    string          `json:"tape_sha256"`
	Program string          `json:"program"`
	Size    int             `json:"trials"`
	From    carry.Time      `json:"from_ms"`
	To      carry.Time      `json:"to_ms"`
	Source  string          `json:"source"`
	// Generated markets are not history.
	Generated bool `json:"generated,omitempty"`
	// WarmMs is the strategy's screening window, the first part of an embargo.
	WarmMs carry.Time `json:"window_ms"`
}

// chunkHead is the first line of a chunk file.
type chunkHead struct {
	Sweep  string `json:"sweep"`
	Chunk  int    `json:"chunk"`
	Trials [2]int `json:"trials"`
}

// baselineChunk stands for the run of the baselines.
const baselineChunk = -1

// ErrOtherSweep says that a file belongs to another sweep.
var ErrOtherSweep = errors.New("it belongs to another sweep, or to other data or another version of the program")

// ErrChunks says that a sweep is not finished.
var ErrChunks = errors.New("chunks are missing")

// Describe opens the sweep's market to find out what exactly would be run.
func (s *Sweep) Describe() (SweepInfo, error) {
	spec, err := s.BaseSpec()
	if err != nil {
		return SweepInfo{}, err
	}
	tape, from, err := spec.open()
	if err != nil {
		return SweepInfo{}, err
	}
	info := tape.Info()
	window := s.longestWarmUp(spec)
	if spec.From == 0 {
		from = max(from, (info.From + window + info.Step - 1).Floor(info.Step))
		if from >= info.To {
			return SweepInfo{}, fmt.Errorf("%w: the longest screening window of the sweep, %d days, leaves none to trade", ErrNoData, window/carry.Day)
		}
		s.From = from
	}
	base := []string{spec.Entry.Name + "/" + spec.Entry.Preset, fmt.Sprint(spec.From, spec.To, spec.Seed), strings.Join(spec.Coins, ",")}
	for _, v := range paramValues(spec.Settings, spec) {
		base = append(base, v.Name+"="+v.Value)
	}
	plan, err := json.Marshal(struct {
		Axes    []Axis
		Method  string
		Trials  int
		Seed    uint64
		Chunk   int
		Journal bool
		Base    []string
	}{s.Axes, s.Method, s.Size(), s.Seed, s.chunkSize(), !s.NoJournal, base})
	if err != nil {
		return SweepInfo{}, err
	}
	out := SweepInfo{Name: s.Name, Plan: plan, Tape: info.Hash, Program: program(), Size: s.Size(), From: from, To: info.To,
		Source: info.Source, Generated: info.Generated, WarmMs: window}
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n%s\n%d %d\n", plan, out.Tape, out.Program, out.From, out.To)
	out.ID = hex.EncodeToString(h.Sum(nil)[:8])
	return out, nil
}

// longestWarmUp is the longest screening window of any trial.
func (s *Sweep) longestWarmUp(base *Spec) carry.Time {
	longest := warmUp(base.Settings)
	copied, err := s.BaseSpec() // its window is set, the caller's is not
	if err != nil {
		return longest
	}
	for _, a := range s.Axes {
		if a.Name != "screenN" {
			continue
		}
		values := a.Values
		if len(values) == 0 {
			values = []string{a.at(math.Nextafter(1, 0))}
		}
		for _, v := range values {
			if copied.Set(a.Name, v) == nil {
				longest = max(longest, warmUp(copied.Settings))
			}
		}
	}
	return longest
}

// OpenBoard makes or finds the sweep's folder inside dir.
func (s *Sweep) OpenBoard(dir string) (*Board, error) {
	info, err := s.Describe()
	if err != nil {
		return nil, err
	}
	b := &Board{Sweep: s, Dir: filepath.Join(dir, "sweep-"+info.ID), Info: info}
	if err := os.MkdirAll(b.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the folder for chunks: %w", err)
	}
	return b, nil
}

// Leave removes the folder if nothing was finished in it.
func (b *Board) Leave() { os.Remove(b.Dir) }

func (b *Board) file(chunk int) string {
	if chunk == baselineChunk {
		return filepath.Join(b.Dir, "baselines.jsonl")
	}
	return filepath.Join(b.Dir, fmt.Sprintf("chunk-%06d.jsonl", chunk))
}

// all lists every chunk, the baselines first since all wait for them.
func (b *Board) all() []int {
	out := []int{baselineChunk}
	for c := range b.Sweep.Chunks() {
		out = append(out, c)
	}
	return out
}

// Task is the part of the sweep that task i of n does.
func (b *Board) Task(i, n int) []int {
	var out []int
	for k, c := range b.all() {
		if k%n == i {
			out = append(out, c)
		}
	}
	return out
}

// Missing are the chunks that are not finished. The error tells of files that
// are not this sweep's.
func (b *Board) Missing() ([]int, error) {
	var out []int
	for _, c := range b.all() {
		f, err := os.Open(b.file(c))
		if errors.Is(err, os.ErrNotExist) {
			out = append(out, c)
			continue
		}
		if err != nil {
			return nil, err
		}
		err = b.readHead(bufio.NewReader(f), c)
		f.Close()
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// MissingTasks are the tasks of n whose parts are not all finished.
func (b *Board) MissingTasks(n int) ([]int, error) {
	missing, err := b.Missing()
	if err != nil {
		return nil, err
	}
	var out []int
	for i := range n {
		if slices.ContainsFunc(b.Task(i, n), func(c int) bool { return slices.Contains(missing, c) }) {
			out = append(out, i)
		}
	}
	return out, nil
}

// Run runs those of the chunks that are not finished and writes each as soon as
// it is; finished is told after each.
func (b *Board) Run(ctx context.Context, chunks []int, finished func(chunk, failed int)) error {
	missing, err := b.Missing()
	if err != nil {
		return err
	}
	left := slices.DeleteFunc(slices.Clone(chunks), func(c int) bool { return !slices.Contains(missing, c) })
	if slices.Contains(left, baselineChunk) {
		if err := b.runBaselines(ctx); err != nil {
			return err
		}
		left = slices.DeleteFunc(left, func(c int) bool { return c == baselineChunk })
	}
	return b.Sweep.RunChunks(ctx, left, func(c int, trials []Trial) error {
		rows := make([]TrialRow, len(trials))
		failed := 0
		for k := range trials {
			rows[k] = trials[k].row()
			if rows[k].Failed() {
				failed++
			}
		}
		if err := b.write(c, rows); err != nil {
			return err
		}
		if finished != nil {
			finished(c, failed)
		}
		return nil
	})
}

func (b *Board) runBaselines(ctx context.Context) error {
	results, err := b.Sweep.Baselines(ctx)
	if err != nil {
		return err
	}
	rows := make([]TrialRow, len(results))
	for k, r := range results {
		rows[k] = baselineRow(k, r)
	}
	return b.write(baselineChunk, rows)
}

// write puts a chunk in its place.
func (b *Board) write(chunk int, rows []TrialRow) error {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	if err := enc.Encode(b.head(chunk)); err != nil {
		return err
	}
	for k := range rows {
		if err := enc.Encode(&rows[k]); err != nil {
			return fmt.Errorf("write trial %d: %w", rows[k].No, err)
		}
	}
	return writeWhole(b.file(chunk), text.Bytes())
}

// writeWhole writes a file under a temporary name, syncs it and renames it.
func writeWhole(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".tmp."+strconv.Itoa(os.Getpid())+".")
	if err != nil {
		return fmt.Errorf("write a chunk: %w", err)
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return fmt.Errorf("write a chunk: %w", err)
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

func (b *Board) head(chunk int) chunkHead {
	h := chunkHead{Sweep: b.Info.ID, Chunk: chunk}
	if chunk != baselineChunk {
		h.Trials[0], h.Trials[1] = b.Sweep.ChunkRange(chunk)
	}
	return h
}

func (b *Board) readHead(r *bufio.Reader, chunk int) error {
	line, err := r.ReadBytes('\n')
	var h chunkHead
	if err == nil {
		err = json.Unmarshal(line, &h)
	}
	if err != nil {
		return fmt.Errorf("%s: damaged first line: %w", b.file(chunk), err)
	}
	if h != b.head(chunk) {
		return fmt.Errorf("%s: %w", b.file(chunk), ErrOtherSweep)
	}
	return nil
}

func (b *Board) read(chunk int) ([]TrialRow, error) {
	f, err := os.Open(b.file(chunk))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 1<<16)
	if err := b.readHead(r, chunk); err != nil {
		return nil, err
	}
	var rows []TrialRow
	dec := json.NewDecoder(r)
	for {
		var row TrialRow
		err := dec.Decode(&row)
		if errors.Is(err, io.EOF) {
			return rows, b.whole(chunk, rows)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: damaged after %d trials: %w", b.file(chunk), len(rows), err)
		}
		rows = append(rows, row)
	}
}

// whole tells whether a chunk holds exactly its trials.
func (b *Board) whole(chunk int, rows []TrialRow) error {
	if chunk == baselineChunk {
		return nil
	}
	from, to := b.Sweep.ChunkRange(chunk)
	for k := range rows {
		if rows[k].No != from+k {
			return fmt.Errorf("%s: trial %d stands where %d belongs", b.file(chunk), rows[k].No, from+k)
		}
	}
	if len(rows) != to-from {
		return fmt.Errorf("%s: %d trials of %d", b.file(chunk), len(rows), to-from)
	}
	return nil
}

// Collect reads all finished chunks: the trials by number and the baselines.
// Where some are missing the error is ErrChunks.
func (b *Board) Collect() (trials, baselines []TrialRow, err error) {
	missing, err := b.Missing()
	if err != nil {
		return nil, nil, err
	}
	if len(missing) > 0 {
		return nil, nil, fmt.Errorf("%w: %d of %d", ErrChunks, len(missing), b.Sweep.Chunks()+1)
	}
	if baselines, err = b.read(baselineChunk); err != nil {
		return nil, nil, err
	}
	for c := range b.Sweep.Chunks() {
		rows, err := b.read(c)
		if err != nil {
			return nil, nil, err
		}
		trials = append(trials, rows...)
	}
	return trials, baselines, nil
}
