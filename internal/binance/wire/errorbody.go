package wire

import "bytes"

// ErrorBody is what the exchange answers instead of what was asked.
type ErrorBody struct {
	Code int
	Msg  string
}

type errorJSON struct {
	Code *int    `json:"code"`
	Msg  *string `json:"msg"`
}

// DecodeError reads an error body {"code":…,"msg":…}; false for anything else,
// such as the HTML page of a proxy.
func DecodeError(body []byte) (ErrorBody, bool) {
	var j errorJSON
	if text := bytes.TrimLeft(body, " \t\r\n"); len(text) == 0 || text[0] != '{' {
		return ErrorBody{}, false // lists are the many; they need not be read for this
	}
	if decode(body, &j) != nil || lacking(&j) != "" {
		return ErrorBody{}, false
	}
	return ErrorBody{*j.Code, clip([]byte(*j.Msg))}, true
}

// DecodeServerTime reads the answer of /api/v3/time and /fapi/v1/time.
func DecodeServerTime(body []byte) (int64, error) {
	var j struct {
		At *stamp `json:"serverTime"`
	}
	if err := decode(body, &j); err != nil {
		return 0, err
	}
	if f := lacking(&j); f != "" {
		return 0, formatError("no %s", f)
	}
	return int64(*j.At), nil
}
