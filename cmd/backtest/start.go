package main

import (
	"os"
	"strconv"
	"strings"
	"time"
)

// clockTicks is the kernel's USER_HZ, which is 100 on every Linux there is.
const clockTicks = 100

// sinceStart is the milliseconds since the process was created: on Linux from
// the kernel's own record (to 10 ms), elsewhere since the command began.
func sinceStart(began time.Time) float64 {
	since := float64(time.Since(began).Microseconds()) / 1000
	stat, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return since
	}
	up, err := os.ReadFile("/proc/uptime")
	if err != nil {
		return since
	}
	// The command's name may hold spaces: fields are counted behind its bracket.
	_, rest, ok := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if !ok || len(fields) < 20 {
		return since
	}
	started, err1 := strconv.ParseFloat(fields[19], 64)
	uptime, err2 := strconv.ParseFloat(strings.Fields(string(up))[0], 64)
	if err1 != nil || err2 != nil {
		return since
	}
	return max(since, (uptime-started/clockTicks)*1000)
}
