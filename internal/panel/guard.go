package panel

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// loopbackName tells whether a host's name can only mean this machine.
func loopbackName(host string) bool {
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

// guard lets only those in who asked for this machine by its own name: a page of
// somebody else's whose name was pointed here (DNS rebinding) is refused, and so
// is a form or script of another origin.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", s.policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		if !loopbackName(host) {
			s.refuse(w, http.StatusMisdirectedRequest, "this is not "+strings.Map(printable, host))
			return
		}
		if o := r.Header.Get("Origin"); o != "" {
			if u, err := url.Parse(o); err != nil || u.Host != r.Host {
				s.refuse(w, http.StatusForbidden, "another site's page asked")
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

func printable(r rune) rune {
	if r < ' ' || r > '~' || r == '<' {
		return '?'
	}
	return r
}

func (s *Server) refuse(w http.ResponseWriter, status int, text string) {
	s.refused.Add(1)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprintln(w, text)
}

// known demands the token, as Authorization: Bearer. A cookie would be sent to
// every other server on this machine.
func (s *Server) known(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok || subtle.ConstantTimeCompare([]byte(given), []byte(s.o.Token)) != 1 {
			w.Header().Set("WWW-Authenticate", "Bearer")
			s.refuse(w, http.StatusUnauthorized, "the token is missing or wrong")
			return
		}
		next(w, r)
	}
}

// NewToken is 128 bits of chance in hex.
func NewToken() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // ends the program rather than fail
	return hex.EncodeToString(b)
}

// Door is how a session's dashboard is reached: what stands in the file beside
// its journal.
type Door struct {
	URL   string `json:"url"`
	Token string `json:"token"`
	PID   int    `json:"pid"`
}

// DoorFile is the door's file of a journal; of a session without one it lies in
// the current folder.
func DoorFile(journal string) string {
	if journal == "" {
		return "live.panel"
	}
	return journal + ".panel"
}

// WriteDoor writes the file for its owner alone, in place of an older one.
func WriteDoor(path string, d Door) error {
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".panel-") // 0600
	if err != nil {
		return fmt.Errorf("write the dashboard's token: %w", err)
	}
	_, err = f.Write(append(text, '\n'))
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write the dashboard's token: %w", errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}

// ErrNoDoor says that there is no session's dashboard to talk to.
var ErrNoDoor = errors.New("no session with a dashboard")

// ReadDoor reads the file. One that others may read is refused: who can read it
// can stop the session.
func ReadDoor(path string) (Door, error) {
	var d Door
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return d, fmt.Errorf("%w: %s is not there", ErrNoDoor, path)
	}
	if err != nil {
		return d, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return d, fmt.Errorf("%s has mode %04o, others may read it: chmod 600 %s", path, info.Mode().Perm(), path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return d, err
	}
	if json.Unmarshal(text, &d) == nil && d.Token != "" {
		if u, err := url.Parse(d.URL); err == nil && loopbackName(u.Hostname()) {
			return d, nil
		}
	}
	return d, fmt.Errorf("%s is not what a session writes", path)
}
