package main

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"carry/internal/cli"
)

//go:embed jobs/slurm.sh
var slurmJob string

//go:embed jobs/k8s.yaml
var k8sJob string

//go:embed jobs/batch.json
var batchJob string

// jobFlags describe an array job.
type jobFlags struct {
	sweepFlags
	Tasks   int    `help:"Tasks of the array; default: one for each chunk, at most 1000." placeholder:"N"`
	Program string `help:"The program as the other machines call it; default: this one." placeholder:"PATH"`
}

// job is what the templates know.
type job struct {
	Name, Program, Args, Out, Image, Queue, Definition, Claim string
	Tasks, Last, Parallel                                     int
	Words                                                     []string // of the command of one task
}

// job checks the sweep and describes it.
func (f *jobFlags) job(s *streams, kind string) (*job, error) {
	p, err := f.plan(s)
	if err != nil {
		return nil, err
	}
	defer p.close()
	n := f.Tasks
	if n == 0 {
		n = min(p.sweep.Chunks()+1, 1000)
	}
	if n < 1 || n > 10_000 {
		return nil, cli.Failf(cli.Usage, "", "%d tasks are not 1 to 10000", n)
	}
	program := f.Program
	if program == "" {
		if program, err = os.Executable(); err != nil {
			return nil, err
		}
	}
	args := passedOn(s.args, kind)
	j := &job{Name: jobName(p.sweep.Name), Program: program, Out: f.Out, Tasks: n, Last: n - 1, Parallel: min(n, 100)}
	j.Args = shellWords(args)
	j.Words = append(append([]string{program, "sweep"}, args...), fmt.Sprintf("--tasks=%d", n))
	return j, nil
}

// passedOn are the arguments that a task needs: all but the subcommand and what
// describes the job.
func passedOn(args []string, kind string) []string {
	own := map[string]bool{"--tasks": true, "--program": true, "--image": true, "--claim": true, "--queue": true, "--definition": true}
	var out []string
	skip := false
	for i, a := range args {
		name, _, has := strings.Cut(a, "=")
		switch {
		case skip:
			skip = false
		case i < 2 && (a == "sweep" || a == kind):
		case own[name]:
			skip = !has
		default:
			out = append(out, a)
		}
	}
	return out
}

func jobName(name string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-':
			return r
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		}
		return '-'
	}, name)
	return strings.Trim("sweep-"+name, "-")
}

// shellWords quotes words for a POSIX shell.
func shellWords(words []string) string {
	out := make([]string, len(words))
	for i, w := range words {
		if w != "" && !strings.ContainsFunc(w, func(r rune) bool { return !strings.ContainsRune(plainRunes, r) }) {
			out[i] = w
			continue
		}
		out[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
	}
	return strings.Join(out, " ")
}

const plainRunes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=,+-"

func (j *job) print(s *streams, text string) error {
	t, err := template.New("job").Funcs(template.FuncMap{"sh": func(w string) string { return shellWords([]string{w}) },
		"q": func(w string) string { return fmt.Sprintf("%q", w) }}).Parse(text)
	if err != nil {
		return err
	}
	return t.Execute(s.stdout, j)
}

type sweepSlurmCmd struct{ jobFlags }

// Run prints a job file that submits itself, requeues what was killed and
// merges at the end.
func (c *sweepSlurmCmd) Run(s *streams) error {
	j, err := c.job(s, "slurm")
	if err != nil {
		return err
	}
	if j.Out, err = filepath.Abs(c.Out); err != nil {
		return err
	}
	return j.print(s, slurmJob)
}

type sweepK8sCmd struct {
	jobFlags
	Image string `help:"Container image that holds the program." default:"carry:latest"`
	Claim string `help:"Persistent volume claim with data and output, mounted at /data, where the commands run." default:"carry"`
}

// Run prints an indexed job.
func (c *sweepK8sCmd) Run(s *streams) error {
	j, err := c.job(s, "k8s")
	if err != nil {
		return err
	}
	if c.Program == "" {
		j.Words[0] = "backtest"
	}
	j.Image, j.Claim = c.Image, c.Claim
	return j.print(s, k8sJob)
}

type sweepBatchCmd struct {
	jobFlags
	Queue      string `help:"Job queue." default:"carry"`
	Definition string `help:"Job definition, whose container mounts data and output." default:"carry"`
}

// Run prints the input of aws batch submit-job.
func (c *sweepBatchCmd) Run(s *streams) error {
	j, err := c.job(s, "batch")
	if err != nil {
		return err
	}
	if c.Program == "" {
		j.Words[0] = "backtest"
	}
	if j.Tasks < 2 {
		return cli.Failf(cli.Usage, "", "an array job of AWS Batch has at least 2 tasks")
	}
	j.Queue, j.Definition = c.Queue, c.Definition
	return j.print(s, batchJob)
}
