package wire

import (
	"encoding/json"

	"carry"
)

// fields is a JSON object read name by name. Names are told apart by case,
// which Binance's events need (E is the event's time, e its kind) and struct
// decoding does not do. The first thing that is missing or of another type
// stays as the error; what is read afterwards is zero.
type fields struct {
	of  map[string]json.RawMessage
	err error
}

// readFields reads an object; anything else is an error.
func readFields(body []byte) *fields {
	f := &fields{}
	if err := json.Unmarshal(body, &f.of); err != nil || f.of == nil {
		f.err = formatError("no object: %q", clip(body))
	}
	return f
}

func (f *fields) fail(name string, raw []byte) {
	if f.err != nil {
		return
	}
	if raw == nil {
		f.err = formatError("no field %s", name)
		return
	}
	f.err = formatError("field %s is %s", name, clip(raw))
}

func (f *fields) raw(name string) json.RawMessage {
	v, ok := f.of[name]
	if !ok || string(v) == "null" {
		f.fail(name, nil)
		return nil
	}
	return v
}

// has tells whether a field is there and not null.
func (f *fields) has(name string) bool {
	v, ok := f.of[name]
	return ok && string(v) != "null"
}

// text is a JSON string.
func (f *fields) text(name string) string {
	raw := f.raw(name)
	if raw == nil {
		return ""
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		f.fail(name, raw)
	}
	return s
}

// integer is a whole JSON number, also a negative one; quoted digits pass,
// since fields have changed between the two before (ccxt/go-binance#510).
func (f *fields) integer(name string) int64 {
	raw := f.raw(name)
	if raw == nil {
		return 0
	}
	b := []byte(raw)
	if len(b) > 2 && b[0] == '"' {
		b = b[1 : len(b)-1]
	}
	neg := len(b) > 0 && b[0] == '-'
	if neg {
		b = b[1:]
	}
	v, ok := parseInt(b)
	if !ok {
		f.fail(name, raw)
		return 0
	}
	if neg {
		v = -v
	}
	return v
}

// moment is a time in milliseconds.
func (f *fields) moment(name string) carry.Time {
	v := carry.Time(f.integer(name))
	if f.err == nil && (v < firstTime || v >= lastTime) {
		f.fail(name, f.of[name])
	}
	return v
}

// truth is true or false.
func (f *fields) truth(name string) bool {
	raw := f.raw(name)
	switch string(raw) {
	case "true":
		return true
	case "false":
	default:
		if raw != nil {
			f.fail(name, raw)
		}
	}
	return false
}

// fixed is decimal text in steps of 1e-8, exactly.
func (f *fields) fixed(name string) int64 {
	text := f.text(name)
	if f.err != nil {
		return 0
	}
	v, err := carry.ParseFixed(text)
	if err != nil {
		f.fail(name, f.of[name])
	}
	return v
}

// float is decimal text as the nearest float64.
func (f *fields) float(name string) float64 {
	text := f.text(name)
	if f.err != nil {
		return 0
	}
	v, ok := parseFloat([]byte(text))
	if !ok {
		f.fail(name, f.of[name])
	}
	return v
}

// list are the elements of an array.
func (f *fields) list(name string) []json.RawMessage {
	raw := f.raw(name)
	if raw == nil {
		return nil
	}
	return f.elements(name, raw)
}

func (f *fields) elements(name string, raw []byte) []json.RawMessage {
	var out []json.RawMessage
	if json.Unmarshal(raw, &out) != nil || out == nil {
		f.fail(name, raw)
	}
	return out
}

// object is an object within.
func (f *fields) object(name string) *fields {
	raw := f.raw(name)
	if raw == nil {
		return &fields{err: f.err}
	}
	return readFields(raw)
}

// objects reads an array of objects with one reader for all.
func objects(body []byte, read func(*fields)) error {
	f := &fields{}
	for i, raw := range f.elements("array", body) {
		row := readFields(raw)
		if row.err == nil {
			read(row)
		}
		if row.err != nil {
			return formatError("row %d: %v", i+1, row.err)
		}
	}
	return f.err
}
