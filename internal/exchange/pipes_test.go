package exchange

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// couple is both ends of a connection.
func couple(t *testing.T) (client, server net.Conn) {
	t.Helper()
	p := NewPipes()
	l := p.listen("here:80")
	got := make(chan net.Conn, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			t.Error(err)
		}
		got <- c
	}()
	client, err := p.Dial(context.Background(), "tcp", "here:80")
	if err != nil {
		t.Fatal(err)
	}
	return client, <-got
}

// A connection of pipes does what net/http relies on: writes do not wait, what
// was written before the end is read, the reader's own end takes effect at once,
// and a deadline ends a read, but only until it is moved.
func TestPipesAreConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := couple(t)
		for _, s := range []string{"one ", "two"} {
			if n, err := client.Write([]byte(s)); n != len(s) || err != nil {
				t.Fatal(n, err)
			}
		}
		client.Close()
		if got, err := io.ReadAll(server); string(got) != "one two" || err != nil {
			t.Errorf("read %q, %v", got, err)
		}
		if _, err := client.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("after its own end a read says %v", err)
		}
		if _, err := server.Write([]byte("x")); err == nil {
			t.Error("a write to a closed end succeeds")
		}
		server.Close()
	})
	synctest.Test(t, func(t *testing.T) {
		client, server := couple(t)
		began := time.Now()
		read := func() error {
			_, err := client.Read(make([]byte, 8))
			return err
		}
		client.SetReadDeadline(began.Add(time.Hour))
		client.SetReadDeadline(began.Add(2 * time.Hour))
		if err := read(); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != 2*time.Hour {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
		if err := read(); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a deadline that is over: %v", err)
		}
		client.SetReadDeadline(time.Time{})
		go func() {
			time.Sleep(time.Minute)
			server.Write([]byte("late"))
		}()
		if err := read(); err != nil {
			t.Errorf("without a deadline: %v", err)
		}
		go func() {
			time.Sleep(time.Minute)
			client.SetReadDeadline(time.Unix(1, 0)) // as net/http ends a read in the background
		}()
		if err := read(); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a deadline set into a read: %v", err)
		}
		client.Close()
		server.Close()
	})
}

// Nobody answers where nobody listens, or does not any more.
func TestPipesWithoutAListener(t *testing.T) {
	p := NewPipes()
	if _, err := p.Dial(context.Background(), "tcp", "nowhere:80"); err == nil {
		t.Error("a connection to nobody")
	}
	l := p.listen("here:80")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := p.Dial(ctx, "tcp", "here:80"); !errors.Is(err, context.Canceled) {
		t.Errorf("a dial that was given up: %v", err)
	}
	l.Close()
	l.Close()
	if _, err := p.Dial(context.Background(), "tcp", "here:80"); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a dial to a closed door: %v", err)
	}
}
