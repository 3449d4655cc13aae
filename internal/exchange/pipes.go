package exchange

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"
)

// Pipes is a network inside the process, for a server without sockets
// (Options.Pipes). Its connections buffer without a bound, as TCP's buffers do
// within theirs, and keep deadlines, so that net/http and WebSockets run over
// them as they are; in a testing/synctest bubble their waits take no time.
type Pipes struct {
	mu    sync.Mutex
	doors map[string]*door
}

// NewPipes is a network that nobody listens on yet.
func NewPipes() *Pipes { return &Pipes{doors: map[string]*door{}} }

// Dial connects to a server's host; see net.Dialer.DialContext.
func (p *Pipes) Dial(ctx context.Context, _, address string) (net.Conn, error) {
	p.mu.Lock()
	d := p.doors[address]
	p.mu.Unlock()
	if d == nil {
		return nil, &net.OpError{Op: "dial", Net: "pipe", Addr: pipeAddr(address), Err: errors.New("nobody listens there")}
	}
	there, here := newBuffer(), newBuffer()
	select {
	case d.calls <- &pipe{in: there, out: here, addr: d.addr}:
		return &pipe{in: here, out: there, addr: d.addr}, nil
	case <-d.closed:
		return nil, &net.OpError{Op: "dial", Net: "pipe", Addr: d.addr, Err: net.ErrClosed}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Transport carries HTTP over the network; close its idle connections when done.
func (p *Pipes) Transport() *http.Transport {
	return &http.Transport{DialContext: p.Dial, MaxIdleConnsPerHost: 16, DisableCompression: true}
}

// listen opens a host's door.
func (p *Pipes) listen(address string) net.Listener {
	d := &door{addr: pipeAddr(address), calls: make(chan net.Conn), closed: make(chan struct{})}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.doors[address] = d
	return d
}

// door is a net.Listener.
type door struct {
	addr   pipeAddr
	calls  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

// Accept implements net.Listener.
func (d *door) Accept() (net.Conn, error) {
	select {
	case c := <-d.calls:
		return c, nil
	case <-d.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (d *door) Close() error {
	d.once.Do(func() { close(d.closed) })
	return nil
}

// Addr implements net.Listener.
func (d *door) Addr() net.Addr { return d.addr }

type pipeAddr string

// Network implements net.Addr.
func (pipeAddr) Network() string { return "pipe" }

// String implements net.Addr.
func (a pipeAddr) String() string { return string(a) }

// pipe is one end of a connection.
type pipe struct {
	in, out *buffer
	addr    pipeAddr
}

// Read implements net.Conn.
func (c *pipe) Read(p []byte) (int, error) { return c.in.read(p) }

// Write implements net.Conn. It never waits.
func (c *pipe) Write(p []byte) (int, error) { return c.out.write(p) }

// Close implements net.Conn: what was written can still be read at the other end.
func (c *pipe) Close() error {
	c.in.shut(net.ErrClosed)
	c.out.shut(nil)
	return nil
}

// LocalAddr implements net.Conn.
func (c *pipe) LocalAddr() net.Addr { return c.addr }

// RemoteAddr implements net.Conn.
func (c *pipe) RemoteAddr() net.Addr { return c.addr }

// SetDeadline implements net.Conn; writes need none.
func (c *pipe) SetDeadline(t time.Time) error { return c.SetReadDeadline(t) }

// SetReadDeadline implements net.Conn.
func (c *pipe) SetReadDeadline(t time.Time) error {
	c.in.until(t)
	return nil
}

// SetWriteDeadline implements net.Conn.
func (c *pipe) SetWriteDeadline(time.Time) error { return nil }
