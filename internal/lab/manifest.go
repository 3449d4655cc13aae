package lab

import (
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"

	"carry"
	"carry/strategy"
)

// paramValues lists every setting as the run used it, with its default.
func paramValues(s strategy.Settings, spec *Spec) []carry.ParamValue {
	defaults := DefaultModels()
	out := values("strategy", s.Table(), defaultTable(s, spec))
	return append(out, values("venue", spec.Models.Table(), defaults.Table())...)
}

// defaultTable is the table of the same strategy's default preset.
func defaultTable(s strategy.Settings, spec *Spec) []carry.Param {
	for _, e := range strategy.Registry() {
		if fresh := e.New(); e.Preset == "default" && fmt.Sprintf("%T", fresh) == fmt.Sprintf("%T", s) {
			return fresh.Table()
		}
	}
	return s.Table()
}

func values(group string, now, def []carry.Param) []carry.ParamValue {
	out := make([]carry.ParamValue, len(now))
	for k := range now {
		out[k] = carry.ParamValue{Group: group, Name: now[k].Name, Value: now[k].String(), Doc: now[k].Doc}
		if k < len(def) {
			out[k].Default = def[k].String()
		}
	}
	return out
}

// manifest is what reproduces the run.
func (s *Spec) manifest(info *carry.TapeInfo, res *carry.Result) carry.Manifest {
	h := sha256.New()
	fmt.Fprintf(h, "%s/%s %d %d\n", res.Strategy, res.Preset, res.From, res.To)
	for _, p := range res.Params {
		fmt.Fprintf(h, "%s=%s\n", p.Name, p.Value)
	}
	for _, f := range s.Flows {
		fmt.Fprintf(h, "flow %d=%d\n", f.At, f.Amount)
	}
	return carry.Manifest{Program: program(), GoVersion: runtime.Version() + " " + runtime.GOARCH, TapeHash: info.Hash,
		ParamsHash: hex.EncodeToString(h.Sum(nil)), Seed: s.Seed, Generated: info.Generated, Source: info.Source,
		Command: s.Command}
}

// program identifies the binary: its revision where it was built from a
// checkout, and the toolchain's own hash of its contents.
func program() string {
	name := "carry"
	if bi, ok := debug.ReadBuildInfo(); ok {
		for _, s := range bi.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				name += " " + s.Value[:12]
			}
			if s.Key == "vcs.modified" && s.Value == "true" {
				name += "+changes"
			}
		}
	}
	return name + " build " + buildID()
}

// buildID is the Go build id in the executable, which is a hash of its
// contents; where there is none, the file's own hash.
func buildID() string {
	path, err := os.Executable()
	if err != nil {
		return "unknown"
	}
	if f, err := elf.Open(path); err == nil {
		defer f.Close()
		if sec := f.Section(".note.go.buildid"); sec != nil {
			if note, err := sec.Data(); err == nil {
				sum := sha256.Sum256(note)
				return hex.EncodeToString(sum[:6])
			}
		}
	}
	f, err := os.Open(path)
	if err != nil {
		return "unknown"
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "unknown"
	}
	return hex.EncodeToString(h.Sum(nil)[:6])
}
