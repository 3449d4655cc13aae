package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"carry"
	"carry/internal/cli"
	"carry/internal/lab"
)

// sweepCmd are the subcommands of backtest sweep; `run` is the default.
type sweepCmd struct {
	Run    sweepRunCmd    `cmd:"" default:"withargs" help:"Run all combinations, or go on where a run was stopped, and write the page (the default)."`
	Plan   sweepPlanCmd   `cmd:"" help:"Print the trials without running any."`
	Status sweepStatusCmd `cmd:"" help:"Say how much of a sweep is finished."`
	Merge  sweepMergeCmd  `cmd:"" help:"Make table, page and sweep.db from the finished chunks of any number of machines."`
	Slurm  sweepSlurmCmd  `cmd:"" help:"Print a job file for Slurm."`
	K8s    sweepK8sCmd    `cmd:"" help:"Print a manifest for Kubernetes (an indexed job)." name:"k8s"`
	Batch  sweepBatchCmd  `cmd:"" help:"Print a request for AWS Batch (an array job)."`
}

// sweepFlags say what is swept and where it is kept.
type sweepFlags struct {
	marketFlags
	strategyFlags
	Spec     string   `arg:"" optional:"" help:"Sweep file (TOML); flags win over it." placeholder:"SPEC"`
	Axis     []string `help:"A parameter and its values: --axis openRateMinFrac=0.0001,0.0002; a range for random and sobol: 0.0001..0.001. Repeat for more." placeholder:"NAME=V,V" sep:"none"`
	Method   string   `help:"grid, random or sobol; default grid." placeholder:"NAME"`
	Trials   int      `help:"Number of trials of random and sobol." placeholder:"N"`
	PlanSeed uint64   `help:"Seed of random and sobol." placeholder:"N"`
	Out      string   `help:"Folder for chunks, table, heat map, page and sweep.db." default:"out" placeholder:"DIR"`
}

// maxTrials bounds a grid that was mistyped.
const maxTrials = 100_000

// planned is a sweep that is ready to run.
type planned struct {
	sweep  *lab.Sweep
	file   *lab.SweepPlan // nil without one
	market *market
}

func (p *planned) close() { p.market.close() }

// plan reads file and flags and opens the market.
func (f *sweepFlags) plan(s *streams) (*planned, error) {
	p := &planned{sweep: &lab.Sweep{Method: f.Method, Trials: f.Trials, Seed: f.PlanSeed}}
	if f.Spec != "" {
		var err error
		if p.file, err = lab.ReadSweepPlan(f.Spec); err != nil {
			return nil, cli.Fail(cli.Usage, err, "docs/USER_GUIDE.md shows a sweep file")
		}
		if err := f.takeOver(p); err != nil {
			return nil, err
		}
	}
	for _, text := range f.Axis {
		a, err := lab.ParseAxis(text)
		if err != nil {
			return nil, cli.Fail(cli.Usage, err, "")
		}
		p.sweep.Axes = append(p.sweep.Axes, a)
	}
	if len(p.sweep.Axes) == 0 {
		return nil, cli.Failf(cli.Usage, "name a sweep file, or --axis NAME=VALUE,VALUE", "there is nothing to vary")
	}
	if n := p.sweep.Size(); n > maxTrials {
		return nil, cli.Failf(cli.Usage, "", "%d combinations are more than %d", n, maxTrials)
	}
	p.sweep.Base = func(strategy, preset string) (*lab.Spec, error) { return f.base(p, s, strategy, preset) }
	if err := p.sweep.Known(); err != nil {
		return nil, cli.Fail(cli.Usage, err, "backtest params lists names and ranges")
	}
	var err error
	if p.market, err = f.pick(s.ctx, s.stderr); err != nil {
		return nil, err
	}
	if p.market.rates, err = p.market.bills(s.ctx); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// takeOver fills what the command line left open from the file.
func (f *sweepFlags) takeOver(p *planned) error {
	file, sw := p.file, p.sweep
	axes, err := file.Axes()
	if err != nil {
		return cli.Fail(cli.Usage, err, "")
	}
	sw.Name = cmp.Or(file.Name, strings.TrimSuffix(filepath.Base(f.Spec), filepath.Ext(f.Spec)))
	sw.Axes, sw.Chunk = axes, file.Chunk
	sw.Method, sw.Trials, sw.Seed = cmp.Or(sw.Method, file.Method), cmp.Or(sw.Trials, file.Trials), cmp.Or(sw.Seed, file.Seed)
	sw.NoJournal = file.Journal != nil && !*file.Journal
	f.Strategy, f.Preset, f.Config = cmp.Or(f.Strategy, file.Strategy), cmp.Or(f.Preset, file.Preset), cmp.Or(f.Config, file.Config)
	f.From, f.To = cmp.Or(f.From, file.From), cmp.Or(f.To, file.To)
	if len(f.Coins) == 0 && file.Coins != "" {
		f.Coins = strings.Split(file.Coins, ",")
	}
	if !f.Generated {
		f.DB = cmp.Or(f.DB, file.DB)
		f.Generated = file.Generated && f.DB == ""
	}
	if file.GeneratedCoins != 0 {
		f.GeneratedCoins = file.GeneratedCoins
	}
	if file.GeneratedYears != 0 {
		f.GeneratedYears = file.GeneratedYears
	}
	if file.MarketSeed != 0 {
		f.Seed = file.MarketSeed
	}
	return nil
}

// base is a fresh specification; an axis may have chosen strategy and preset.
func (f *sweepFlags) base(p *planned, s *streams, strategy, preset string) (*lab.Spec, error) {
	flags := f.strategyFlags
	flags.Strategy, flags.Preset = cmp.Or(strategy, flags.Strategy), cmp.Or(preset, flags.Preset)
	spec, err := flags.specFrom(&f.marketFlags, s, p.file.ApplyTo)
	if err == nil && p.market != nil {
		spec.Open, spec.Seed, spec.Bills = p.market.open, p.market.seed, p.market.rates
	}
	return spec, err
}

type sweepRunCmd struct {
	sweepFlags
	Workers int  `help:"Worker goroutines; 0: one for each core." default:"0"`
	Tasks   int  `help:"The sweep is spread over so many tasks: run one part of it, and only write its chunks." placeholder:"N"`
	Task    int  `help:"Which part, from 0; default: what Slurm, Kubernetes or AWS Batch say in the environment." default:"-1" placeholder:"I"`
	NoWalk  bool `help:"Leave the walk-forward out."`
}

// Run makes all combinations that are not there yet.
func (c *sweepRunCmd) Run(s *streams) error {
	task, err := c.task()
	if err != nil {
		return err
	}
	p, err := c.plan(s)
	if err != nil {
		return err
	}
	defer p.close()
	p.sweep.Workers = c.Workers
	cut := p.file.Cut()
	if err := cut.Check(); err != nil {
		return cli.Fail(cli.Usage, err, "")
	}
	out, err := openOutput(c.Out)
	if err != nil {
		return err
	}
	defer out.Discard()
	board, err := p.sweep.OpenBoard(c.Out)
	if err != nil {
		return err
	}
	defer board.Leave()
	chunks := board.Task(0, 1)
	if task >= 0 {
		chunks = board.Task(task, c.Tasks)
	}
	if err := c.runChunks(s, board, chunks); err != nil {
		return err
	}
	if task >= 0 {
		fmt.Fprintf(s.stderr, "task %d of %d is done; when all are: backtest sweep merge\n", task, c.Tasks)
		return out.Commit()
	}
	return c.publish(s, p, board, out, c.NoWalk)
}

// taskEnvironment is where the engines say which part of an array this is.
var taskEnvironment = [...]string{"SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX", "AWS_BATCH_JOB_ARRAY_INDEX"}

// task is this process' part, −1 for the whole.
func (c *sweepRunCmd) task() (int, error) {
	if c.Tasks == 0 {
		if c.Task >= 0 {
			return 0, cli.Failf(cli.Usage, "", "--task needs --tasks: how many there are")
		}
		return -1, nil
	}
	task := c.Task
	for _, name := range taskEnvironment {
		if v := os.Getenv(name); task < 0 && v != "" {
			if _, err := fmt.Sscanf(v, "%d", &task); err != nil {
				return 0, cli.Failf(cli.Usage, "", "%s=%q is no number", name, v)
			}
		}
	}
	if task < 0 {
		return 0, cli.Failf(cli.Usage, "give --task, or run it as an array job", "which of the %d tasks? none of %s is set",
			c.Tasks, strings.Join(taskEnvironment[:], ", "))
	}
	if task >= c.Tasks {
		return 0, cli.Failf(cli.Usage, "tasks count from 0", "task %d of %d does not exist", task, c.Tasks)
	}
	return task, nil
}

// runChunks runs what is missing and tells how it goes.
func (c *sweepRunCmd) runChunks(s *streams, board *lab.Board, chunks []int) error {
	missing, err := board.Missing()
	if err != nil {
		return otherSweep(err)
	}
	size := board.Sweep.Size()
	fmt.Fprintf(s.stderr, "%d combinations\n", size)
	done := countDone(board, chunks, missing)
	if done > 0 {
		fmt.Fprintf(s.stderr, "%d are there already\n", done)
	}
	p := newProgress(s.stderr, board, countTrials(board, chunks)-done)
	board.Sweep.Done = p.block
	err = board.Run(s.ctx, chunks, p.chunk)
	p.end()
	if errors.Is(err, context.Canceled) {
		fmt.Fprintf(s.stderr, "stopped after %d of %d; the same command goes on from there\n", done+p.finished, countTrials(board, chunks))
	}
	return otherSweep(err)
}

func otherSweep(err error) error {
	if errors.Is(err, lab.ErrOtherSweep) {
		return cli.Fail(cli.Usage, err, "choose another --out, or remove the folder that the message names")
	}
	return err
}

// countTrials is the number of trials in chunks.
func countTrials(b *lab.Board, chunks []int) int {
	n := 0
	for _, c := range chunks {
		if c >= 0 {
			from, to := b.Sweep.ChunkRange(c)
			n += to - from
		}
	}
	return n
}

func countDone(b *lab.Board, chunks, missing []int) int {
	left := map[int]bool{}
	for _, c := range missing {
		left[c] = true
	}
	var there []int
	for _, c := range chunks {
		if !left[c] {
			there = append(there, c)
		}
	}
	return countTrials(b, there)
}

// publish merges the chunks and writes and prints everything.
func (f *sweepFlags) publish(s *streams, p *planned, board *lab.Board, out *lab.Output, noWalk bool) error {
	trials, baselines, err := board.Collect()
	if errors.Is(err, lab.ErrChunks) {
		return cli.Fail(cli.Incomplete, err, "run the tasks that are missing: backtest sweep status lists them")
	}
	if err != nil {
		return otherSweep(err)
	}
	v := &verdictOf{board: board, trials: trials, baselines: baselines, command: strings.TrimSpace(program + " " + strings.Join(s.args, " "))}
	cut := p.file.Cut()
	if noWalk {
		cut.InDays = 1 << 30
	}
	if err := v.judge(s.ctx, cut); err != nil {
		return err
	}
	now := carry.Time(time.Now().UnixMilli())
	if v.tried, err = board.Store(s.ctx, out.Path("sweep.db"), trials, baselines, lab.WalkMeasures(v.walk), now); err != nil {
		return err
	}
	if err := v.deflate(); err != nil {
		return err
	}
	if err := v.save(out); err != nil {
		return err
	}
	if err := out.Commit(); err != nil {
		return err
	}
	if err := v.print(s.stdout); err != nil {
		return err
	}
	fmt.Fprintf(s.stdout, "table: %s   page: %s   store: %s\n", out.Path("sweep.csv"), out.Path("sweep.html"), out.Path("sweep.db"))
	return failedAll(trials)
}

func failedAll(trials []lab.TrialRow) error {
	for i := range trials {
		if !trials[i].Failed() {
			return nil
		}
	}
	return cli.Failf(cli.Usage, "", "no combination could run: %s", trials[0].Error)
}

type sweepMergeCmd struct {
	sweepFlags
	NoWalk bool `help:"Leave the walk-forward out."`
}

// Run makes the results from the chunks that are there.
func (c *sweepMergeCmd) Run(s *streams) error {
	p, err := c.plan(s)
	if err != nil {
		return err
	}
	defer p.close()
	out, err := openOutput(c.Out)
	if err != nil {
		return err
	}
	defer out.Discard()
	board, err := p.sweep.OpenBoard(c.Out)
	if err != nil {
		return err
	}
	defer board.Leave()
	return c.publish(s, p, board, out, c.NoWalk)
}
