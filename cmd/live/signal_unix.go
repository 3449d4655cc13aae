//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// killSignal is SIGUSR1: kill -USR1 PID stops all openings.
func killSignal() <-chan os.Signal {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGUSR1)
	return c
}
