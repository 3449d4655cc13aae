package wire

import (
	"encoding/json"
	"reflect"
	"strings"
)

// decode reads one JSON value into into, whose pointer fields are mandatory
// unless they carry the tag opt:"". Nothing may follow the value.
func decode(body []byte, into any) error {
	if err := json.Unmarshal(body, into); err != nil {
		return formatError("%s in %q", strings.ReplaceAll(err.Error(), "json: ", ""), clip(body))
	}
	return nil
}

// lacking names the first mandatory field of v, a struct of pointers, that is
// missing or null; "" when all are there.
func lacking(v any) string {
	s := reflect.ValueOf(v)
	if s.Kind() == reflect.Pointer {
		s = s.Elem()
	}
	for i := range s.NumField() {
		f := s.Type().Field(i)
		if _, optional := f.Tag.Lookup("opt"); optional {
			continue
		}
		if p := s.Field(i); (p.Kind() == reflect.Pointer || p.Kind() == reflect.Slice) && p.IsNil() {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			return name
		}
	}
	return ""
}

// number is decimal text in a JSON string, as the exchange writes prices.
type number float64

// UnmarshalJSON refuses everything but a string that is a number.
func (n *number) UnmarshalJSON(b []byte) error {
	if len(b) < 2 || b[0] != '"' {
		return formatError("%s where a number as text is expected", clip(b))
	}
	v, ok := parseFloat(b[1 : len(b)-1])
	if !ok {
		return formatError("%s is not a number", clip(b))
	}
	*n = number(v)
	return nil
}

// figure is a bare JSON number.
type figure float64

// UnmarshalJSON refuses everything but a number.
func (n *figure) UnmarshalJSON(b []byte) error {
	v, ok := parseFloat(b)
	if !ok {
		return formatError("%s is not a number", clip(b))
	}
	*n = figure(v)
	return nil
}

// stamp is a time in milliseconds as a bare JSON number.
type stamp int64

// UnmarshalJSON refuses everything but a time.
func (t *stamp) UnmarshalJSON(b []byte) error {
	v, _, ok := parseStamp(b)
	if !ok || v >= lastTime {
		return formatError("%s is not a time", clip(b))
	}
	*t = stamp(v)
	return nil
}
