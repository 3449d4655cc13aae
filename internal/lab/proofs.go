package lab

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"carry"
)

// Proof is that something on the path to real money happened. The program itself
// writes it when it does.
type Proof struct {
	At      carry.Time `json:"at_ms"` // by the machine's clock
	Gate    string     `json:"gate"`
	Detail  string     `json:"detail"`
	Program string     `json:"program"`
	// Chain is a hash over this line and all before it: a line that was written by
	// hand, changed or left out shows.
	Chain string `json:"chain,omitempty"`
}

// Gates that proofs are of.
const (
	GateRehearsal = "rehearsal"
	GateKill      = "kill"
	GateAlarm     = "alarm"
	GateReport    = "report"
	GateTestnet   = "testnet"
)

// ErrProofs says that a file of proofs was not written by this program alone.
var ErrProofs = errors.New("the file of proofs was changed")

// AddProof appends a proof to a file that only its owner can read. It is durable
// when the call returns.
func AddProof(path, gate, detail string) error {
	have, err := ReadProofs(path)
	if err != nil {
		return err
	}
	p := Proof{At: carry.Time(time.Now().UnixMilli()), Gate: gate, Detail: detail, Program: program()}
	before := ""
	if len(have) > 0 {
		before = have[len(have)-1].Chain
	}
	if p.Chain, err = p.link(before); err != nil {
		return err
	}
	line, err := json.Marshal(p)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write the proof: %w", err)
	}
	_, err = f.Write(append(line, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write the proof: %w", err)
	}
	return nil
}

// link is the line's place in the chain.
func (p Proof) link(before string) (string, error) {
	p.Chain = ""
	text, err := json.Marshal(p)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(append([]byte(before+"\n"), text...))
	return hex.EncodeToString(sum[:]), nil
}

// ReadProofs reads a file of proofs; one that is not there has none. A last line
// without an end is what a crash leaves, and an error: nobody knows what it proved.
func ReadProofs(path string) ([]Proof, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if whole := bytes.LastIndexByte(text, '\n'); whole+1 < len(text) {
		return nil, fmt.Errorf("%w: the last line of %s is not whole; remove it", ErrProofs, path)
	}
	var out []Proof
	before := ""
	in := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; in.Scan(); n++ {
		var p Proof
		if err := json.Unmarshal(in.Bytes(), &p); err != nil {
			return nil, fmt.Errorf("%w: %s line %d", ErrProofs, path, n)
		}
		want, err := p.link(before)
		if err != nil {
			return nil, err
		}
		if p.Chain != want {
			return nil, fmt.Errorf("%w: %s line %d", ErrProofs, path, n)
		}
		before = p.Chain
		out = append(out, p)
	}
	return out, in.Err()
}

// Witness is a journal that proves what people tried in a session: the kill switch
// and an alarm that a channel took.
type Witness struct {
	Path string
	seen map[string]bool
}

// Event implements carry.Journal.
func (w *Witness) Event(ev *carry.Event) error {
	if ev.Kind != carry.EvOperator {
		return nil
	}
	gate := ""
	switch ev.Code {
	case carry.CodeKill:
		gate = GateKill
	case carry.CodeAlarmSent:
		gate = GateAlarm
	}
	if gate == "" || w.seen[gate] {
		return nil
	}
	if w.seen == nil {
		w.seen = map[string]bool{}
	}
	w.seen[gate] = true
	return AddProof(w.Path, gate, "in a session, at its time "+ev.At.String())
}

// Command implements carry.Journal.
func (w *Witness) Command(carry.Time, *carry.Command) error { return nil }
