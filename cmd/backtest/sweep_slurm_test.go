//go:build slurm

package main

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"text/template"
	"time"

	"carry/internal/testenv"
)

// slurmConf is a cluster of this machine alone. cred_expire shortens the wait
// after a requeue from two minutes to seconds.
const slurmConf = `ClusterName=carry
SlurmctldHost={{.Host}}(127.0.0.1)
SlurmUser={{.User}}
SlurmdUser={{.User}}
AuthType=auth/munge
AuthInfo=socket={{.Dir}}/munge.sock,cred_expire=5
CredType=cred/munge
SlurmctldPort={{.ControlPort}}
SlurmdPort={{.NodePort}}
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation={{.Dir}}/state
SlurmdSpoolDir={{.Dir}}/spool
SlurmctldPidFile={{.Dir}}/slurmctld.pid
SlurmdPidFile={{.Dir}}/slurmd.pid
SlurmctldLogFile={{.Dir}}/slurmctld.log
SlurmdLogFile={{.Dir}}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/none
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0,bf_interval=1
KillWait=1
MaxArraySize=1001
NodeName={{.Host}} NodeAddr=127.0.0.1 CPUs=2 RealMemory=1000 State=UNKNOWN
PartitionName=main Nodes={{.Host}} Default=YES MaxTime=INFINITE State=UP
`

// cluster is a Slurm that lives in a folder.
type cluster struct {
	Dir, Host, User       string
	ControlPort, NodePort int
}

// startCluster starts munged, slurmctld and slurmd; they end with the test.
func startCluster(t *testing.T) *cluster {
	t.Helper()
	hint := "apt-get install slurm-wlm munge"
	munged, controller, node := testenv.Tool(t, hint, "munged"), testenv.Tool(t, hint, "slurmctld"), testenv.Tool(t, hint, "slurmd")
	for _, tool := range []string{"sbatch", "scontrol", "squeue", "sinfo"} {
		testenv.Tool(t, hint, tool)
	}
	// Sockets have short names at most, tests' folders long ones.
	dir, err := os.MkdirTemp("", "slurm")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil { // munge wants its socket reachable
		t.Fatal(err)
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{Dir: dir, Host: strings.SplitN(host, ".", 2)[0], User: me.Username, ControlPort: freePort(t), NodePort: freePort(t)}
	t.Cleanup(func() {
		if t.Failed() {
			c.tell(t)
		}
		os.RemoveAll(dir)
	})
	for _, sub := range []string{"state", "spool"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	key := make([]byte, 1024)
	rand.Read(key)
	if err := os.WriteFile(filepath.Join(dir, "munge.key"), key, 0o400); err != nil {
		t.Fatal(err)
	}
	var conf bytes.Buffer
	if err := template.Must(template.New("").Parse(slurmConf)).Execute(&conf, c); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "slurm.conf")
	if err := os.WriteFile(path, conf.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SLURM_CONF", path)
	c.daemon(t, munged, "--foreground", "--force", "--socket="+dir+"/munge.sock", "--key-file="+dir+"/munge.key",
		"--pid-file="+dir+"/munged.pid", "--log-file="+dir+"/munged.log", "--seed-file="+dir+"/munge.seed")
	c.waitFor(t, "munge's socket", func() bool { _, err := os.Stat(dir + "/munge.sock"); return err == nil })
	c.daemon(t, controller, "-D", "-c", "-f", path)
	c.daemon(t, node, "-D", "-f", path)
	c.waitFor(t, "an idle node", func() bool {
		out, err := exec.Command("sinfo", "-h", "-o", "%T").Output()
		return err == nil && strings.TrimSpace(string(out)) == "idle"
	})
	return c
}

func freePort(t *testing.T) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// daemon starts a program and ends it with the test.
func (c *cluster) daemon(t *testing.T, path string, args ...string) {
	t.Helper()
	cmd := exec.Command(path, args...)
	log, err := os.Create(filepath.Join(c.Dir, filepath.Base(path)+".out"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		done := make(chan struct{})
		go func() { cmd.Wait(); close(done) }()
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			cmd.Process.Kill()
			<-done
		}
		log.Close()
	})
}

func (c *cluster) waitFor(t *testing.T, what string, is func() bool) {
	t.Helper()
	for range 600 {
		if is() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("no %s within 30 s", what)
}

// tell shows the ends of the daemons' logs.
func (c *cluster) tell(t *testing.T) {
	for _, name := range []string{"munged.log", "munged.out", "slurmctld.log", "slurmctld.out", "slurmd.log", "slurmd.out"} {
		text, _ := os.ReadFile(filepath.Join(c.Dir, name))
		lines := strings.Split(strings.TrimSpace(string(text)), "\n")
		t.Logf("--- %s\n%s", name, strings.Join(lines[max(0, len(lines)-25):], "\n"))
	}
}

// proc is a process of a task.
type proc struct {
	pid    int
	script bool // the job script; else the program
}

// running are the processes of an array's task.
func (c *cluster) running(task int) []proc {
	var out []proc
	entries, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range entries {
		environ, err := os.ReadFile(filepath.Join(dir, "environ"))
		if err != nil || !bytes.Contains(environ, []byte("SLURM_CONF="+c.Dir)) && !bytes.Contains(environ, []byte(c.Dir)) {
			continue
		}
		if !slices.Contains(strings.Split(string(environ), "\x00"), "SLURM_ARRAY_TASK_ID="+strconv.Itoa(task)) {
			continue
		}
		line, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
		pid, _ := strconv.Atoi(filepath.Base(dir))
		switch {
		case bytes.Contains(line, []byte("slurm_script")):
			out = append(out, proc{pid, true})
		case bytes.Contains(line, []byte("--tasks=")):
			out = append(out, proc{pid, false})
		}
	}
	return out
}

// killOnce waits for a task's program to run, and kills it or the job script.
func (c *cluster) killOnce(t *testing.T, task int, script bool) {
	t.Helper()
	for range 6000 {
		list := c.running(task)
		if at := slices.IndexFunc(list, func(p proc) bool { return !p.script }); at >= 0 {
			at = slices.IndexFunc(list, func(p proc) bool { return p.script == script })
			if at < 0 {
				t.Fatalf("task %d runs without a job script: %v", task, list)
			}
			time.Sleep(200 * time.Millisecond) // into its work
			if err := syscall.Kill(list[at].pid, syscall.SIGKILL); err != nil {
				t.Fatalf("task %d was over before it could be killed: %v", task, err)
			}
			// Without its script the program would run on by itself and finish.
			for _, p := range list {
				if script && !p.script {
					syscall.Kill(p.pid, syscall.SIGKILL)
				}
			}
			t.Logf("killed the %s of task %d, process %d", map[bool]string{true: "job script", false: "program"}[script], task, list[at].pid)
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("task %d did not start", task)
}

// The job file that the program prints runs on a real Slurm: one task's program
// and another's job script are killed by SIGKILL, both are run again, the last
// job merges, and the result is that of one process, byte for byte.
func TestSlurmArrayJob(t *testing.T) {
	sqlite := testenv.Tool(t, "apt-get install sqlite3", "sqlite3")
	c := startCluster(t)
	dir := t.TempDir()
	spec := `name = "array"
generated = true
generatedCoins = 12
generatedYears = 3
chunk = 12
[[axis]]
name = "screenN"
values = [21, 60, 90]
[[axis]]
name = "coinsTargetN"
values = [2, 4, 6, 8]
[[axis]]
name = "leverageTargetX"
values = [1, 1.5, 2]
[walkforward]
inDays = 365
`
	if err := os.WriteFile(filepath.Join(dir, "array.toml"), []byte(spec), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := started(t, dir, "sweep", "array.toml", "--out", "alone").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	job, err := started(t, dir, "sweep", "slurm", "array.toml", "--out", "array", "--tasks", "4").Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "job.sh"), job, 0o755); err != nil {
		t.Fatal(err)
	}
	submit := exec.Command("bash", "job.sh")
	submit.Dir = dir
	if out, err := submit.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	c.killOnce(t, 1, false)
	c.killOnce(t, 2, true)
	merged := filepath.Join(dir, "array", "sweep.csv")
	began := time.Now()
	for {
		if _, err := os.Stat(merged); err == nil {
			break
		}
		if time.Since(began) > 4*time.Minute {
			queue, _ := exec.Command("squeue", "-r").CombinedOutput()
			t.Fatalf("not merged after %s\n%s\n%s", time.Since(began), queue, logsOf(dir))
		}
		time.Sleep(100 * time.Millisecond)
	}
	c.waitFor(t, "empty queue", func() bool {
		out, err := exec.Command("squeue", "-h").Output()
		return err == nil && len(bytes.TrimSpace(out)) == 0
	})
	sameSweep(t, sqlite, filepath.Join(dir, "alone"), filepath.Join(dir, "array"))
	logs := logsOf(dir)
	if !strings.Contains(logs, "submitting tasks 2 again") {
		t.Errorf("the task without a job script was not submitted again:\n%s", logs)
	}
	control, err := os.ReadFile(filepath.Join(c.Dir, "slurmctld.log"))
	if err != nil || !bytes.Contains(control, []byte("Requeuing JobId=1_1")) {
		t.Errorf("the controller tells of no requeue: %v", err)
	}
	t.Logf("merged %.0f s after the kills", time.Since(began).Seconds())
}

func logsOf(dir string) string {
	var b strings.Builder
	found, _ := filepath.Glob(filepath.Join(dir, "array", "log", "*"))
	for _, path := range found {
		text, _ := os.ReadFile(path)
		fmt.Fprintf(&b, "--- %s\n%s", filepath.Base(path), text)
	}
	return b.String()
}

// sameSweep compares chunks, table and store of two sweeps; only the ledger knows
// when they were run.
func sameSweep(t *testing.T, sqlite, a, b string) {
	t.Helper()
	want, got := chunkFiles(t, a), chunkFiles(t, b)
	if len(want) == 0 || len(got) != len(want) {
		t.Fatalf("%d chunks, want %d", len(got), len(want))
	}
	for name, text := range want {
		if got[name] != text {
			t.Errorf("%s differs", name)
		}
	}
	dump := func(dir string) string {
		out, err := exec.Command(sqlite, filepath.Join(dir, "sweep.db"), `SELECT * FROM sweep; SELECT * FROM trial; SELECT * FROM metric;
			SELECT sweep, no, kind, start_ms, step_ms, n, hex(data) FROM series; SELECT sweep, no, key, tape_sha FROM ledger ORDER BY 1, 2`).Output()
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	if x, y := dump(a), dump(b); x != y || len(x) < 1000 {
		t.Error("the stores differ")
	}
	x, err := os.ReadFile(filepath.Join(a, "sweep.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if y, err := os.ReadFile(filepath.Join(b, "sweep.csv")); err != nil || !bytes.Equal(x, y) {
		t.Errorf("the tables differ, %v", err)
	}
}
