package data

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// ErrRefused says that an input was read and found wrong; nothing of the file
// was stored.
var ErrRefused = errors.New("file refused")

// FileError says where and what is wrong in an input file. It wraps ErrRefused.
type FileError struct {
	Path string
	Line int // from 1; 0 where it concerns the whole file
	What string
}

// Error is path:line: what.
func (e *FileError) Error() string {
	if e.Line == 0 {
		return e.Path + ": " + e.What
	}
	return fmt.Sprintf("%s:%d: %s", e.Path, e.Line, e.What)
}

// Unwrap makes errors.Is(err, ErrRefused) true.
func (e *FileError) Unwrap() error { return ErrRefused }

// source is a whole input file in memory.
type source struct {
	path string // as named to the user
	text []byte // uncompressed
	sha  string // SHA-256 of the file as it lies on disk
}

// readSource reads a file and unpacks it where its name ends with .gz. buf is
// reused for the text.
func readSource(path string, buf []byte) (*source, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read input: %w", err)
	}
	sum := sha256.Sum256(raw)
	s := &source{path: path, sha: hex.EncodeToString(sum[:])}
	if !strings.HasSuffix(path, ".gz") {
		s.text = append(buf[:0], raw...)
		return s, nil
	}
	zr, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, &FileError{Path: path, What: "is not gzip: " + err.Error()}
	}
	out := bytes.NewBuffer(buf[:0])
	if _, err = out.ReadFrom(zr); err != nil {
		line := bytes.Count(out.Bytes(), []byte("\n")) + 1
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, &FileError{path, line, "the gzip file is cut off here"}
		}
		return nil, &FileError{path, line, "the gzip file is damaged here: " + err.Error()}
	}
	s.text = out.Bytes()
	return s, nil
}

// lines walks a CSV text's lines, which must all end with a newline.
type lines struct {
	path string
	rest []byte
	line int // of the line returned last, from 1
	cell [][]byte
}

// fail makes an error about the line returned last.
func (l *lines) fail(format string, args ...any) error {
	return &FileError{l.path, l.line, fmt.Sprintf(format, args...)}
}

// header reads the first line, which must be want.
func (l *lines) header(want string) error {
	line, ok, err := l.next()
	if err != nil {
		return err
	}
	if !ok {
		return &FileError{l.path, 1, "the file is empty"}
	}
	if string(line) != want {
		return l.fail("unknown header %q, want %q", clip(line), want)
	}
	return nil
}

// next returns the next line without its end; false after the last one.
func (l *lines) next() ([]byte, bool, error) {
	if len(l.rest) == 0 {
		return nil, false, nil
	}
	l.line++
	i := bytes.IndexByte(l.rest, '\n')
	if i < 0 {
		return nil, false, l.fail("the last line has no end: is the file cut off?")
	}
	line := l.rest[:i]
	l.rest = l.rest[i+1:]
	return bytes.TrimSuffix(line, []byte("\r")), true, nil
}

// cells splits the next line at commas into exactly n cells, valid until the
// next call; nil after the last line.
func (l *lines) cells(n int) ([][]byte, error) {
	line, ok, err := l.next()
	if !ok || err != nil {
		return nil, err
	}
	l.cell = l.cell[:0]
	for {
		i := bytes.IndexByte(line, ',')
		if i < 0 {
			l.cell = append(l.cell, line)
			break
		}
		l.cell = append(l.cell, line[:i])
		line = line[i+1:]
	}
	if len(l.cell) != n {
		return nil, l.fail("%d columns, want %d", len(l.cell), n)
	}
	return l.cell, nil
}

// clip shortens text for a message.
func clip(b []byte) string {
	if len(b) > 60 {
		return string(b[:57]) + "..."
	}
	return string(b)
}
